/** From what `agent.yaml` says of the API to what the port is opened with: tokens and certificates are read from their files. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { readSecretText, secretSentence } from "../io/secrets.ts";
import type { Listen } from "../io/serve.ts";
import { TOKEN_CHARACTERS_LEAST, type Token } from "../io/tokens.ts";
import type { AgentConfig } from "./agent-config.ts";
import { EXIT, ExitFault } from "./exit.ts";

/** @param folder that of `agent.yaml`; paths in it are relative to it. Throws an `ExitFault` (78) that names the file. */
export function listenOf({ api }: Pick<AgentConfig, "api">, folder: string): Listen {
  const at = (path: string): string => resolve(folder, path);
  return {
    host: api.listen.host,
    port: api.listen.port,
    tokens: [
      ...Object.entries(api.tokens).map(([operator, file]): Token => ({ may: "acknowledge", operator, secret: tokenIn(at(file)) })),
      ...Object.values(api.reportTokens).map((file): Token => ({ may: "report", secret: tokenIn(at(file)) })),
    ],
    tls: api.tls && {
      key: secretIn(at(api.tls.key)),
      certificate: textIn(at(api.tls.certificate)),
      clientAuthority: api.tls.clientAuthority === undefined ? undefined : textIn(at(api.tls.clientAuthority)),
    },
  };
}

function tokenIn(path: string): string {
  const token = secretIn(path).trim();
  if (token.length >= TOKEN_CHARACTERS_LEAST) return token;
  throw new ExitFault(
    EXIT.config,
    `Cannot use the token in "${path}": it has ${token.length} characters, must have at least ${TOKEN_CHARACTERS_LEAST}`,
    `Make a new one: (umask 077; head -c 32 /dev/urandom | base64 > ${path})`,
  );
}

function secretIn(path: string): string {
  const read = readSecretText(path);
  if (!read.ok) throw new ExitFault(EXIT.config, secretSentence(read.fault));
  return read.value;
}

function textIn(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    throw new ExitFault(EXIT.config, `Cannot read "${path}": ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}
