import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { askLocal, type LocalFault, localSentence, type LocalServer, SOCKET_PATH_BYTES_MOST, serveLocal, tapLocal } from "../../lib/io/local.ts";
import { aProcess } from "../support/a-process.ts";
import { asNobodyFor } from "../support/as-nobody.ts";
import { type TempFolder, tempFolder } from "../support/temp-folder.ts";

describe("a question over the socket", () => {
  test("carries method, route and body there, and status and body back", async () => {
    using folder = tempFolder();
    const { server, path } = await aServer(folder, async (request) => {
      const url = new URL(request.url);
      return Response.json({ method: request.method, route: url.pathname + url.search, body: await request.json() }, { status: 409 });
    });
    expect(await askLocal(path, { method: "POST", route: "/v1/acks?x=1", body: { comment: "看过了" } })).toEqual({
      ok: true, value: { status: 409, body: { method: "POST", route: "/v1/acks?x=1", body: { comment: "看过了" } } },
    });
    await server.stop();
  });

  test("has an answer also where that is not JSON", async () => {
    using folder = tempFolder();
    const { server, path } = await aServer(folder, () => new Response("plain"));
    expect(await askLocal(path, { method: "GET", route: "/" })).toEqual({ ok: true, value: { status: 200, body: "plain" } });
    await server.stop();
  });

  test("ends when the asker gives up", async () => {
    using folder = tempFolder();
    const { server, path } = await aServer(folder, () => new Promise<Response>(() => {}));
    const asked = askLocal(path, { method: "GET", route: "/", signal: AbortSignal.timeout(50) });
    expect(await asked).toMatchObject({ ok: false, fault: { kind: "brokenOff" } });
    await server.stop();
  });
});

describe("nobody to ask", () => {
  test("where no program has run", async () => {
    using folder = tempFolder();
    expect(await askLocal(folder.at("s.sock"), { method: "GET", route: "/" })).toEqual({ ok: false, fault: { kind: "nobody", path: folder.at("s.sock") } });
  });

  test("where it was killed and its socket lies about", async () => {
    using folder = tempFolder();
    await killedServer(folder);
    expect(existsSync(folder.at("s.sock"))).toBe(true);
    expect(await askLocal(folder.at("s.sock"), { method: "GET", route: "/" })).toEqual({ ok: false, fault: { kind: "nobody", path: folder.at("s.sock") } });
    expect(await tapLocal(folder.at("s.sock"), "/", () => {}, new AbortController().signal)).toMatchObject({ ok: false, fault: { kind: "nobody" } });
  });

  test("where it has ended, and taken its socket away", async () => {
    using folder = tempFolder();
    const { server, path } = await aServer(folder, () => new Response());
    await server.stop();
    expect(existsSync(path)).toBe(false);
  });
});

describe("the socket", () => {
  test("is its owner's only, whatever the umask", async () => {
    using folder = tempFolder();
    const mask = process.umask(0);
    const { server, path } = await aServer(folder, () => new Response());
    expect(process.umask(mask)).toBe(0);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await server.stop();
  });

  test.skipIf(process.geteuid?.() !== 0)("of another user is forbidden, and said so (needs root)", async () => {
    using folder = tempFolder();
    chmodSync(folder.path, 0o755);
    const { server, path } = await aServer(folder, () => new Response());
    expect(await asNobodyFor(() => askLocal(path, { method: "GET", route: "/" }))).toEqual({ ok: false, fault: { kind: "forbidden", path } });
    await server.stop();
  });

  test("that answers is left alone, and the newcomer refused", async () => {
    using folder = tempFolder();
    const { server, path } = await aServer(folder, () => new Response("first"));
    expect(await serveLocal(path, () => new Response("second"))).toEqual({ ok: false, fault: { kind: "taken", path } });
    expect(await askLocal(path, { method: "GET", route: "/" })).toMatchObject({ value: { body: "first" } });
    await server.stop();
  });

  test("of a killed process is taken over", async () => {
    using folder = tempFolder();
    await killedServer(folder);
    const { server, path } = await aServer(folder, () => new Response("second"));
    expect(await askLocal(path, { method: "GET", route: "/" })).toMatchObject({ value: { body: "second" } });
    await server.stop();
  });

  test("never replaces a file that is none", async () => {
    using folder = tempFolder();
    writeFileSync(folder.at("s.sock"), "notes");
    expect(await serveLocal(folder.at("s.sock"), () => new Response())).toMatchObject({ ok: false, fault: { kind: "brokenOff", reason: expect.stringContaining("EADDRINUSE") } });
    expect(await Bun.file(folder.at("s.sock")).text()).toBe("notes");
  });

  test("may have the longest path that the kernel takes, and not one byte more", async () => {
    using folder = tempFolder();
    const name = (bytes: number) => folder.at("n".repeat(bytes - folder.at("").length - 1));
    const longest = name(SOCKET_PATH_BYTES_MOST);
    const { server } = await aServer(folder, () => new Response("long"), longest);
    expect(await askLocal(longest, { method: "GET", route: "/" })).toMatchObject({ value: { body: "long" } });
    await server.stop();
    const over = name(SOCKET_PATH_BYTES_MOST + 1);
    const fault = { kind: "pathTooLong", path: over, bytes: 108 } as const;
    expect(await serveLocal(over, () => new Response())).toEqual({ ok: false, fault });
    expect(await askLocal(over, { method: "GET", route: "/" })).toEqual({ ok: false, fault });
    expect(await tapLocal(over, "/", () => {}, new AbortController().signal)).toEqual({ ok: false, fault });
  });

  test("in a folder that is not there is a fault", async () => {
    using folder = tempFolder();
    expect(await serveLocal(folder.at("none/s.sock"), () => new Response())).toMatchObject({ ok: false });
  });
});

describe("a tap", () => {
  test("gives each line whole, however the bytes were cut, and ends with the stream", async () => {
    using folder = tempFolder();
    const bytes = new TextEncoder().encode('{"a":"看"}\n\n{"b":2}\n{"c"');
    const { server, path } = await aServer(folder, () => new Response(aStream([...bytes].map((byte) => new Uint8Array([byte])))));
    const lines: string[] = [];
    expect(await tapLocal(path, "/", (line) => lines.push(line), new AbortController().signal)).toEqual({ ok: true, value: undefined });
    expect(lines).toEqual(['{"a":"看"}', '{"b":2}']);
    await server.stop();
  });

  test("ends in order when it is told to", async () => {
    using folder = tempFolder();
    const { server, path } = await aServer(folder, () => new Response(new ReadableStream({ start: (out) => out.enqueue("first\n") })));
    const stop = new AbortController();
    expect(await tapLocal(path, "/", () => stop.abort(), stop.signal)).toEqual({ ok: true, value: undefined });
    await server.stop();
  });

  test("says when the program refused it, or died", async () => {
    using folder = tempFolder();
    const { server, path } = await aServer(folder, () => new Response("no", { status: 404 }));
    expect(await tapLocal(path, "/", () => {}, new AbortController().signal)).toEqual({ ok: false, fault: { kind: "brokenOff", path, reason: "answered 404" } });
    await server.stop();

    const child = aProcess(SERVE_ONE_LINE, { args: [folder.at("t.sock")] });
    expect(await child.nextLine()).toBe("ready");
    const tapped = await tapLocal(folder.at("t.sock"), "/", () => child.kill("SIGKILL"), new AbortController().signal);
    expect(tapped).toMatchObject({ ok: false, fault: { kind: "brokenOff" } });
  });
});

test("each fault tells a person what to do", () => {
  const path = "/s/agent.sock";
  const faults: readonly [LocalFault, RegExp][] = [
    [{ kind: "nobody", path }, /start it with "gapbell-agent run"/],
    [{ kind: "forbidden", path }, /belongs to another user; run this command as that user/],
    [{ kind: "pathTooLong", path, bytes: 120 }, /120 bytes, at most 107 are possible; choose a shorter state folder by --state/],
    [{ kind: "taken", path }, /another gapbell-agent answers there/],
    [{ kind: "brokenOff", path, reason: "it died" }, /it died/],
  ];
  for (const [fault, says] of faults) expect(localSentence(fault, "gapbell-agent")).toMatch(says);
});

const SERVE_ONE_LINE = `
  import { serveLocal } from "./lib/io/local.ts";
  await serveLocal(Bun.argv[1], () => new Response(new ReadableStream({ start: (out) => out.enqueue("line\\n") })));
  console.log("ready");`;

async function aServer(folder: TempFolder, fetch: (request: Request) => Response | Promise<Response>, path = folder.at("s.sock")): Promise<{ readonly server: LocalServer; readonly path: string }> {
  mkdirSync(folder.path, { recursive: true });
  const served = await serveLocal(path, fetch);
  if (!served.ok) throw new Error(localSentence(served.fault, "gapbell-agent"));
  return { server: served.value, path };
}

/** Leaves the socket of a process that had no time to clean up. */
async function killedServer(folder: TempFolder): Promise<void> {
  const child = aProcess(SERVE_ONE_LINE, { args: [folder.at("s.sock")] });
  await child.nextLine();
  child.kill("SIGKILL");
  await child.end();
}

function aStream(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (out) => {
      for (const chunk of chunks) out.enqueue(chunk);
      out.close();
    },
  });
}
