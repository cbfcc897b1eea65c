import type { Trouble } from '../harness';

/** What the hooks of every fake can do wrong. */
export interface Misbehaviour {
  delayMs: number;
  doubled: boolean;
  reordered: boolean;
  imitated: boolean;
}

const LATE_MS = 40;

const TROUBLES: Partial<Record<Trouble, Partial<Misbehaviour>>> = {
  'doubled hooks': { doubled: true },
  'late hooks': { delayMs: LATE_MS },
  'reordered hooks': { reordered: true },
  'imitated hooks': { imitated: true },
};

/** Orders a trouble if it is one of hooks. Says whether it is. */
export function misbehave(behaviour: Misbehaviour, trouble: Trouble): boolean {
  Object.assign(behaviour, TROUBLES[trouble]);
  return trouble in TROUBLES;
}
