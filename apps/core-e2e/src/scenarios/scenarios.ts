import type { Edit } from '@opr-connect/adapter-kit/testing';

/** What somebody says on one side. `somebody` stands for a login that both sides know, `some group` for a name. */
export interface Said extends Omit<Edit, 'assignedUser' | 'assignedGroup'> {
  note?: string;
  category?: string;
  assignedUser?: 'somebody';
  assignedGroup?: 'some group';
}

export type Step = { obm: Said } | { tool: Said | 'delete' } | { obm: Said; tool: Said };

export interface Scenario {
  name: string;
  /** How many events are forwarded at once; 1 unless told. */
  events?: number;
  /** The tool refuses connections until everything was said. */
  isDown?: true;
  /** What is said of each event, after it was forwarded; a step with two sides is said by both at once. */
  steps: readonly Step[];
}

/** Each ends as `Stage.faults` demands: both sides hold what was said last, one live record per event, no echo, nothing left. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'an event is forwarded', steps: [] },

  { name: 'OBM changes the title', steps: [{ obm: { title: 'Array A is degraded' } }] },
  { name: 'OBM changes the description', steps: [{ obm: { description: 'Two disks are gone.' } }] },
  { name: 'OBM changes the severity', steps: [{ obm: { severity: 'minor' } }] },
  { name: 'OBM changes the priority', steps: [{ obm: { priority: 'high' } }] },
  { name: 'OBM changes the solution', steps: [{ obm: { solution: 'Replace the controller.' } }] },
  { name: 'OBM changes the category', steps: [{ obm: { category: 'Hardware' } }] },
  {
    name: 'OBM changes a custom attribute twice',
    steps: [{ obm: { customer: 'ACME' } }, { obm: { customer: 'Initech' } }],
  },
  { name: 'OBM takes it in progress', steps: [{ obm: { state: 'in_progress' } }] },
  { name: 'OBM closes it and opens it again', steps: [{ obm: { state: 'closed' } }, { obm: { state: 'open' } }] },
  { name: 'OBM assigns it', steps: [{ obm: { assignedUser: 'somebody' } }] },
  { name: 'OBM assigns it to a group', steps: [{ obm: { assignedGroup: 'some group' } }] },
  { name: 'OBM annotates it', steps: [{ obm: { note: 'looks like the controller' } }] },

  { name: 'somebody changes the title in the tool', steps: [{ tool: { title: 'Array A lost a disk' } }] },
  { name: 'somebody changes the description in the tool', steps: [{ tool: { description: 'Disk 4 is gone.' } }] },
  { name: 'somebody changes the severity in the tool', steps: [{ tool: { severity: 'minor' } }] },
  { name: 'somebody changes the priority in the tool', steps: [{ tool: { priority: 'low' } }] },
  { name: 'somebody changes the solution in the tool', steps: [{ tool: { solution: 'Disk 4 was replaced.' } }] },
  { name: 'somebody changes a custom attribute in the tool', steps: [{ tool: { customer: 'ACME' } }] },
  { name: 'somebody takes it in progress in the tool', steps: [{ tool: { state: 'in_progress' } }] },
  { name: 'somebody assigns it in the tool', steps: [{ tool: { assignedUser: 'somebody' } }] },
  { name: 'somebody assigns it to a group in the tool', steps: [{ tool: { assignedGroup: 'some group' } }] },
  { name: 'somebody adds a note in the tool', steps: [{ tool: { note: 'disk is on its way' } }] },
  {
    name: 'somebody resolves it in the tool and opens it again',
    steps: [{ tool: { state: 'resolved' } }, { tool: { state: 'in_progress' } }],
  },
  {
    name: 'somebody deletes the record, and OBM goes on',
    steps: [{ tool: 'delete' }, { obm: { title: 'nobody listens' } }],
  },

  { name: 'both annotate it at once', steps: [{ obm: { note: 'seen in OBM' }, tool: { note: 'seen in the tool' } }] },
  { name: 'both change the title at once', steps: [{ obm: { title: 'said OBM' }, tool: { title: 'said the tool' } }] },
  {
    name: 'OBM closes it while somebody takes it in progress',
    steps: [{ obm: { state: 'closed' }, tool: { state: 'in_progress' } }],
  },

  {
    name: 'the tool is down for a whole storm',
    events: 20,
    isDown: true,
    steps: [{ obm: { note: 'the tool does not answer' } }, { obm: { severity: 'minor', state: 'in_progress' } }],
  },
  { name: '500 events at once', events: 500, steps: [] },
];
