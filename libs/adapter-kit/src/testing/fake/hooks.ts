import type { Trouble } from '../harness';

/** What the hooks of every fake can do wrong. */
export interface Misbehaviour {
  delayMs: number;
  doubled: boolean;
  reordered: boolean;
  imitated: boolean;
}

const LATE_MS = 40;

/** Orders a trouble if it is one of hooks. Says whether it is. */
export function misbehave(behaviour: Misbehaviour, trouble: Trouble): boolean {
  switch (trouble) {
    case 'doubled hooks':
      behaviour.doubled = true;
      return true;
    case 'late hooks':
      behaviour.delayMs = LATE_MS;
      return true;
    case 'reordered hooks':
      behaviour.reordered = true;
      return true;
    case 'imitated hooks':
      behaviour.imitated = true;
      return true;
    case 'dropped title':
    case 'expired token':
    case 'wrong clock':
      return false;
  }
}
