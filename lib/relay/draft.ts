/** The relay's turn under construction. */

import { Draft as AnyDraft } from "../port/draft.ts";
import type { RelayEffect } from "./turn.ts";

export class Draft extends AnyDraft<RelayEffect> {}
