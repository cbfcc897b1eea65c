import { DeliveryError, MisconfiguredError, TransientError } from '@opr-connect/adapter-kit';
import type { ServiceNowDirectory } from './servicenow.directory';
import type { RecordRules } from './servicenow.record';
import type { ServiceNowReferences } from './servicenow.references';
import type { ServiceNowSettings } from './servicenow.settings';

/**
 * Compares the settings with what the instance defines: choices that would be written, users, groups and the resolution code. A
 * list that cannot be read, which looks like one that is empty, proves nothing.
 *
 * @throws MisconfiguredError  with every problem
 */
export async function checkSettings(
  settings: ServiceNowSettings,
  rules: RecordRules,
  directory: ServiceNowDirectory,
  references: ServiceNowReferences,
  signal: AbortSignal,
): Promise<void> {
  const problems: string[] = [];
  for (const [setting, field, value] of written(rules)) {
    const defined = await directory.choices(field, signal);
    if (defined.length > 0 && !defined.includes(value))
      problems.push(`${setting}: must be one that ${settings.table} defines: ${defined.join(', ')}`);
  }
  const asks = [
    () => references.fixed('callerId', signal),
    () => references.fixed('assignmentGroup', signal),
    ...(settings.closeCode === undefined ? [] : [() => directory.resolutionCode(signal)]),
  ];
  for (const ask of asks) {
    try {
      await ask();
    } catch (error) {
      if (!(error instanceof DeliveryError) || error instanceof TransientError) throw error;
      problems.push(error.message);
    }
  }
  if (problems.length > 0) throw new MisconfiguredError(problems.join('; '));
}

/** Values of choice lists that we write, each with its setting and its field. */
function written({ mapping }: RecordRules): [setting: string, field: string, value: string][] {
  const out = (property: 'severity' | 'priority' | 'state') =>
    mapping.goesInForward(property)
      ? [...(mapping[property]?.out ?? [])].map(([word, value]) => [`mapping.${property}.out.${word}`, value] as const)
      : [];
  const constants = [...(mapping.settings?.fields ?? [])].filter(([, { jsonata }]) => jsonata === undefined);
  return [
    ...out('state').map(([setting, value]): [string, string, string] => [setting, 'state', value]),
    ...out('priority').map(([setting, value]): [string, string, string] => [setting, 'priority', value]),
    ...out('severity').flatMap(([setting, pair]): [string, string, string][] => {
      const [impact = '', urgency = ''] = pair.split('/');
      return [
        [setting, 'impact', impact],
        [setting, 'urgency', urgency],
      ];
    }),
    ...constants.flatMap(([field, { constant }]): [string, string, string][] =>
      typeof constant === 'string' && constant !== '' ? [[`mapping.fields.${field}`, field, constant]] : [],
    ),
  ];
}
