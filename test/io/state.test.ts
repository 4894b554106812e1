import { describe, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { makeFolder, stateFolder } from "../../lib/io/state.ts";
import { asNobody } from "../support/as-nobody.ts";
import { tempFolder } from "../support/temp-folder.ts";

describe("the state folder", () => {
  const home = { HOME: "/home/li" };
  const cases = [
    { name: "is what --state says, before anything else", option: "/srv/bell", env: { ...home, STATE_DIRECTORY: "/var/lib/x" }, root: true, path: "/srv/bell" },
    { name: "may be given from where we stand", option: "bell", env: home, root: false, path: resolve("bell") },
    { name: "is what systemd gives", option: undefined, env: { ...home, STATE_DIRECTORY: "/var/lib/x" }, root: false, path: "/var/lib/x" },
    { name: "is the first of several that systemd gives", option: undefined, env: { ...home, STATE_DIRECTORY: "/var/lib/x:/var/lib/y" }, root: false, path: "/var/lib/x" },
    { name: "is the system's for root", option: undefined, env: { ...home, XDG_STATE_HOME: "/x" }, root: true, path: "/var/lib/gapbell-agent" },
    { name: "is where XDG says for anybody else", option: undefined, env: { ...home, XDG_STATE_HOME: "/x" }, root: false, path: "/x/gapbell-agent" },
    { name: "is in the home folder where XDG says nothing", option: "", env: { ...home, XDG_STATE_HOME: "", STATE_DIRECTORY: "" }, root: false, path: "/home/li/.local/state/gapbell-agent" },
  ];
  for (const { name, option, env, root, path } of cases) {
    test(name, () => expect(stateFolder("agent", option, { env, root })).toBe(path));
  }

  test("is made for its owner only, with what is missing above it", () => {
    using folder = tempFolder();
    expect(makeFolder(folder.at("a/b"))).toEqual({ ok: true, value: undefined });
    expect(statSync(folder.at("a/b")).mode & 0o777).toBe(0o700);
    expect(makeFolder(folder.at("a/b"))).toEqual({ ok: true, value: undefined });
  });

  test("that cannot be made is a fault with its reason", () => {
    using folder = tempFolder();
    expect(asNobody(() => makeFolder(folder.at("a")))).toMatchObject({ ok: process.geteuid?.() !== 0 });
    expect(makeFolder("/dev/null/a")).toMatchObject({ ok: false, fault: { kind: "unwritable", path: "/dev/null/a", reason: expect.stringContaining("ENOTDIR") } });
  });
});
