import type { EventChange, LifecycleState, OprEvent } from '@opr-connect/opr';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

export const newEvent = (more: OprEvent = {}): OprEvent & { id: string } => ({
  id: randomUUID(),
  title: 'Disk array controller failed',
  description: 'Controller 1 of array A does not answer.',
  state: 'open',
  severity: 'critical',
  category: 'Storage',
  ...more,
});

export const stateChange = (state: LifecycleState, id?: string): EventChange => ({
  id,
  changedProperties: [{ kind: 'state_change', propertyName: 'state', currentValue: state }],
});

export const noteChange = (text: string, id?: string): EventChange => ({
  id,
  changedProperties: [
    {
      kind: 'annotation_property_change',
      propertyName: 'annotation',
      author: 'jdoe',
      currentValue: text,
      changeOperation: 'insert',
    },
  ],
});

/** Looks until something is there. What must come comes in time, or the test fails saying what did not. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = 40_000,
  everyMs = 50,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
    await sleep(everyMs);
  }
}
