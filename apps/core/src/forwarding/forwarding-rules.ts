import type { OprEvent } from '@opr-connect/opr';
import type { FilterConfig, RuleConfig } from '../config/hub-config';
import type { Target } from '../conversation/conversation';

/** Which servers the rules want an event forwarded to: the first rule that names a server decides its type. */
export function route(
  rules: readonly RuleConfig[],
  event: OprEvent,
  source: string,
  serverId: (name: string) => string | undefined,
): Target[] {
  const targets = new Map<string, Target>();
  for (const rule of rules) {
    if (!rule.active || unmet(rule.filter, event, source) !== undefined) continue;
    for (const { server, type, hold } of rule.targets) {
      const uuid = serverId(server);
      if (uuid !== undefined && !targets.has(uuid))
        targets.set(uuid, { server: uuid, type, rule: rule.name, hold: hold * 1000 });
    }
  }
  return [...targets.values()];
}

/** The first condition that the event does not meet, if there is one. */
export function unmet(filter: FilterConfig | undefined, event: OprEvent, source: string): Condition | undefined {
  if (!filter) return undefined;
  return CONDITIONS.find((condition) => !isMet(condition, filter, event, source));
}

export type Condition = keyof FilterConfig;

const CONDITIONS = [
  'source',
  'severity',
  'priority',
  'state',
  'category',
  'titleContains',
] as const satisfies Condition[];

function isMet(condition: Condition, filter: FilterConfig, event: OprEvent, source: string): boolean {
  if (filter[condition] === undefined) return true;
  const value = valueOf(condition, event, source);
  return condition === 'titleContains'
    ? value.toLowerCase().includes((filter.titleContains ?? '').toLowerCase())
    : (filter[condition] as readonly string[]).includes(value);
}

/** What a condition looks at. */
export function valueOf(condition: Condition, event: OprEvent, source: string): string {
  switch (condition) {
    case 'source':
      return source;
    case 'severity':
      return event.severity ?? 'unknown';
    case 'priority':
      return event.priority ?? 'none';
    case 'state':
      return event.state ?? 'open';
    case 'category':
      return event.category ?? '';
    case 'titleContains':
      return event.title ?? '';
  }
}
