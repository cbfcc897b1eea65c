/** How the records of one task table live. */
export interface TaskKind {
  prefix: string;
  /** The state of a new record. */
  initial: string;
  /** States in which code and notes must be there. */
  finished: readonly string[];
  /** Finished states that only an admin may leave. */
  closed: readonly string[];
  /** Where the resolution code is; a table without one asks for no notes either. */
  codeField?: string;
  states: Readonly<Record<string, string>>;
}

/**
 * The task tables of this instance: incidents, problems (with states and a resolution code of their own), and a table of the
 * site's with the states of the base table `task`.
 */
export const TASK_KINDS: Readonly<Record<string, TaskKind>> = {
  incident: {
    ...{ prefix: 'INC', initial: '1', finished: ['6', '7'], closed: ['7', '8'], codeField: 'close_code' },
    states: { '1': 'New', '2': 'In Progress', '3': 'On Hold', '6': 'Resolved', '7': 'Closed', '8': 'Canceled' },
  },
  problem: {
    ...{ prefix: 'PRB', initial: '101', finished: ['106', '107'], closed: ['107'], codeField: 'resolution_code' },
    states: {
      ...{ '101': 'New', '102': 'Assess', '103': 'Root Cause Analysis', '104': 'Fix in Progress' },
      ...{ '106': 'Resolved', '107': 'Closed' },
    },
  },
  u_monitoring_task: {
    ...{ prefix: 'MON', initial: '1', finished: ['3', '4', '7'], closed: [] },
    states: {
      ...{ '-5': 'Pending', '1': 'Open', '2': 'Work in Progress' },
      ...{ '3': 'Closed Complete', '4': 'Closed Incomplete', '7': 'Closed Skipped' },
    },
  },
};

export const isTask = (table: string): boolean => Object.hasOwn(TASK_KINDS, table);

export function kindOf(table: string): TaskKind {
  const kind = TASK_KINDS[table];
  if (!kind) throw new Error(`${table} is no task table`);
  return kind;
}
