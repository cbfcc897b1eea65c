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
    if (!rule.active || !matches(rule.filter, event, source)) continue;
    for (const { server, type, hold } of rule.targets) {
      const uuid = serverId(server);
      if (uuid !== undefined && !targets.has(uuid))
        targets.set(uuid, { server: uuid, type, rule: rule.name, hold: hold * 1000 });
    }
  }
  return [...targets.values()];
}

function matches(filter: FilterConfig | undefined, event: OprEvent, source: string): boolean {
  if (!filter) return true;
  return (
    isOneOf(filter.source, source) &&
    isOneOf(filter.severity, event.severity ?? 'unknown') &&
    isOneOf(filter.priority, event.priority ?? 'none') &&
    isOneOf(filter.state, event.state ?? 'open') &&
    isOneOf(filter.category, event.category ?? '') &&
    (filter.titleContains === undefined ||
      (event.title ?? '').toLowerCase().includes(filter.titleContains.toLowerCase()))
  );
}

const isOneOf = (allowed: readonly string[] | undefined, value: string): boolean =>
  allowed === undefined || allowed.includes(value);
