import type { ToolFacts } from '@opr-connect/adapter-kit';

/** Limit of `short_description`. */
export const TITLE_LIMIT = 160;

/** Fields that an event fills by itself. The resolution code and notes have settings of their own. */
export const OWN_FIELDS: readonly string[] = [
  ...['short_description', 'description', 'state', 'impact', 'urgency', 'priority', 'assigned_to', 'assignment_group'],
  ...[
    'work_notes',
    'comments',
    'caller_id',
    'cmdb_ci',
    'correlation_id',
    'correlation_display',
    'close_code',
    'close_notes',
  ],
];

/**
 * What a record of the base system can hold.
 *
 * - Severity: impact and urgency (1 high, 2 medium, 3 low). Of an incident the instance derives the priority from the two, 1 to 5
 *   in the order of this table ("Data lookup rules: Priority lookup"), and the way back reads them as it does.
 * - Priority: derived in most tables, where it cannot be written; so it does not go unless told.
 * - State: "Incident Management state model". Role `itil` may resolve but not close, so both `resolved` and `closed` resolve.
 */
export const SERVICENOW: ToolFacts = {
  directions: {
    ...{ title: 'both', description: 'both', severity: 'both', priority: 'both', state: 'both', solution: 'both' },
    ...{ assigned_user: 'both', assigned_group: 'both', annotation: 'both' },
  },
  unlessTold: { priority: 'none' },
  customAttributes: 'both',
  severity: {
    out: { critical: '1/1', major: '2/1', minor: '2/2', warning: '3/2', normal: '3/3', unknown: '3/3' },
    back: {
      ...{ '1/1': 'critical', '1/2': 'major', '2/1': 'major', '1/3': 'minor', '2/2': 'minor', '3/1': 'minor' },
      ...{ '2/3': 'warning', '3/2': 'warning', '3/3': 'normal' },
    },
    value: { pattern: /^\d{1,3}\/\d{1,3}$/, rule: 'impact and urgency like 2/1' },
  },
  priority: {
    out: { highest: '1', high: '2', medium: '3', low: '4', lowest: '5', none: '5' },
    back: { '1': 'highest', '2': 'high', '3': 'medium', '4': 'low', '5': 'lowest' },
  },
  state: {
    out: { open: '1', in_progress: '2', resolved: '6', closed: '6' },
    back: { '1': 'open', '2': 'in_progress', '3': 'in_progress', '6': 'closed', '7': 'closed', '8': 'closed' },
  },
  title: { limit: TITLE_LIMIT },
  ownFields: OWN_FIELDS,
};
