/** The ports that a configuration may leave unsaid: the same numbers as in wire/constants.ts, which `cli` does not import. */

export const PORTS = { broadcast: 11_114, agent: 11_115, api: 11_116, relay: 11_117 } as const;
