import type { Invariant } from "../watch.ts";

export const STORED: Invariant = {
  name: "S8",
  sentence: "what the source was told is stored is stored",
  each: true,
  watch: (world, broken) => ({
    answered: ({ reply }) => {
      const { occurrences = [] } = reply.body as { readonly occurrences?: readonly (string | null | undefined)[] };
      if (reply.status === 503 || occurrences.length === 0) return;
      for (const id of occurrences) {
        if (typeof id === "string" && world.agent.alarm(id) === undefined) broken(`the source was answered ${reply.status} for ${id.slice(0, 6)}, which is on no disk`);
      }
    },
  }),
};
