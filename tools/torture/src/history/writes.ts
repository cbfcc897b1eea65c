import { ticketsOf } from '../sides';
import type { Write } from './checker';
import type { World } from './world';

/** What the hub wrote to both sides, in the order in which they took it. */
export function writesIn(world: World, ids: readonly string[]): Write[] {
  return [...toObm(world, ids), ...toTool(world, ids)];
}

/** A change that comes again under the same id is none for OBM. */
function toObm({ obm }: World, ids: readonly string[]): Write[] {
  const seen = new Set<string>();
  return obm.changes.flatMap(({ id, change }): Write[] => {
    if (change.id && seen.has(change.id)) return [];
    seen.add(change.id ?? '');
    return (change.changedProperties ?? []).flatMap((property): Write[] => {
      const at = { event: ids.indexOf(id), to: 'obm' as const };
      if (property.kind === 'state_change')
        return [
          {
            ...at,
            kind: 'state',
            value: property.currentValue === 'resolved' ? 'closed' : (property.currentValue ?? ''),
          },
        ];
      const isTitle = property.kind === 'string_property_change' && property.propertyName === 'title';
      return isTitle ? [{ ...at, kind: 'title', value: property.currentValue ?? '' }] : [];
    });
  });
}

const STATES: Readonly<Record<string, string>> = { '1': 'open', '2': 'in_progress', '6': 'closed' };

/** Updates of tickets, as the tool's interface took them; what the answer was does not matter to their order. */
function toTool({ tool }: World, ids: readonly string[]): Write[] {
  const events = new Map(
    ids.flatMap((id, event) => ticketsOf(tool, id).map(({ number }) => [tool.incident(number)['sys_id'] ?? '', event])),
  );
  return tool.requests.flatMap(({ method, path, body }): Write[] => {
    const [, sysId = ''] = /\/incident\/([0-9a-f]{32})/.exec(path) ?? [];
    const event = events.get(sysId);
    if (method !== 'PATCH' || event === undefined) return [];
    const { short_description: title, state } = JSON.parse(body) as Record<string, string | undefined>;
    const at = { event, to: 'tool' as const };
    return [
      ...(title === undefined ? [] : [{ ...at, kind: 'title' as const, value: title }]),
      ...(state === undefined ? [] : [{ ...at, kind: 'state' as const, value: STATES[state] ?? state }]),
    ];
  });
}
