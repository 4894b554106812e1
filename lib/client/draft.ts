/** The listener's turn under construction. */

import { Draft as AnyDraft } from "../port/draft.ts";
import type { ClientEffect } from "./turn.ts";

export class Draft extends AnyDraft<ClientEffect> {}
