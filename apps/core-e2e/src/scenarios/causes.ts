import { newEvent } from '../support/events';
import type { Mishap } from './faults';
import type { Stage } from './stage';

/** In which order an event and its cause are forwarded. */
export const ORDERS = [
  'a symptom after its cause',
  'a symptom before its cause',
  'a symptom and its cause at once',
] as const;

/**
 * Whichever comes first, their records end up tied, until the symptom has no cause any more. Answers what is wrong in the end.
 */
export async function playCause(stage: Stage, order: (typeof ORDERS)[number], mishap?: Mishap): Promise<string[]> {
  stage.befall(mishap);
  const cause = newEvent({ title: `${order}: the cause` });
  const symptom = newEvent({ title: `${order}: the symptom`, cause: { targetId: cause.id } });
  const waves = {
    'a symptom after its cause': [[cause], [symptom]],
    'a symptom before its cause': [[symptom], [cause]],
    'a symptom and its cause at once': [[symptom, cause]],
  }[order];
  for (const wave of waves) {
    await stage.forward(wave);
    await stage.settled();
  }
  const tied = stage.record(symptom.id).causes ?? [];
  await stage.inObm(symptom.id, {
    changedProperties: [{ kind: 'string_property_change', propertyName: 'cause', previousValue: cause.id }],
  });
  await stage.settled();
  const isGivenUp = mishap?.ends === 'with help' && stage.harness.givesUpTies !== undefined && tied.length === 0;
  const untied = stage.record(symptom.id).causes ?? [];
  const { id } = stage.record(cause.id);
  return [
    ...(tied.join() === id || isGivenUp ? [] : [`the symptom is tied to ${tied.join() || 'nothing'}, not to ${id}`]),
    ...untied.map((each) => `the symptom that has no cause any more is tied to ${each}`),
    ...(await stage.leftOver()),
  ];
}
