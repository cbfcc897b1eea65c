import { Refusal, type FakeIssue } from './fake-issues';

export interface FakeStatus {
  id: string;
  name: string;
  category: 'new' | 'indeterminate' | 'done';
}

export interface FakeTransition {
  id: string;
  name: string;
  /** Names of statuses; any if absent. */
  from?: string[];
  to: string;
  /** Fields of its screen, with whether they are required. */
  screen?: Record<string, { required: boolean; allowedValues?: { id: string; name: string }[] }>;
}

export const RESOLUTIONS = [
  { id: '10000', name: 'Done' },
  { id: '10001', name: "Won't Do" },
  { id: '10002', name: 'Duplicate' },
];

const CATEGORIES = {
  new: { id: 2, key: 'new', colorName: 'blue-gray', name: 'To Do' },
  indeterminate: { id: 4, key: 'indeterminate', colorName: 'yellow', name: 'In Progress' },
  done: { id: 3, key: 'done', colorName: 'green', name: 'Done' },
} as const;

/** The workflow that every issue of the site follows. Replace `transitions` to make another one. */
export class FakeWorkflow {
  statuses: FakeStatus[] = [
    { id: '10000', name: 'To Do', category: 'new' },
    { id: '3', name: 'In Progress', category: 'indeterminate' },
    { id: '10001', name: 'In Review', category: 'indeterminate' },
    { id: '10002', name: 'Done', category: 'done' },
    { id: '10003', name: 'Cancelled', category: 'done' },
  ];
  transitions: FakeTransition[] = [
    { id: '11', name: 'Back to the list', from: ['In Progress', 'In Review'], to: 'To Do' },
    { id: '21', name: 'Start', from: ['To Do', 'In Review'], to: 'In Progress' },
    { id: '31', name: 'Finish', from: ['To Do', 'In Progress', 'In Review'], to: 'Done', screen: resolutionScreen() },
    { id: '41', name: 'Reopen', from: ['Done', 'Cancelled'], to: 'To Do' },
    { id: '51', name: 'Start again', from: ['Done'], to: 'In Progress' },
  ];

  get first(): string {
    return this.statuses[0]?.name ?? '';
  }

  status(name: string): FakeStatus {
    const status = this.statuses.find((each) => each.name === name);
    if (!status) throw new Refusal(400, [`no status ${name}`]);
    return status;
  }

  statusJson(name: string, origin: string): unknown {
    const { id, category } = this.status(name);
    const self = `${origin}/rest/api/2/status/${id}`;
    return { self, description: '', iconUrl: `${origin}/`, name, id, statusCategory: CATEGORIES[category] };
  }

  /** What is possible from where the issue stands. */
  from(issue: FakeIssue): FakeTransition[] {
    return this.transitions.filter(({ from }) => !from || from.includes(issue.status));
  }

  transitionJson(transition: FakeTransition, withFields: boolean, origin: string): unknown {
    const { id, name, to, screen = {} } = transition;
    const fields = Object.entries(screen).map(([field, { required, allowedValues }]) => [
      field,
      {
        ...{ required, schema: { type: field, system: field }, name: field, key: field, fieldId: field },
        ...{ hasDefaultValue: false, operations: ['set'] },
        ...(allowedValues && { allowedValues }),
      },
    ]);
    return {
      ...{ id, name, to: this.statusJson(to, origin), hasScreen: Object.keys(screen).length > 0 },
      ...{ isGlobal: !transition.from, isInitial: false, isAvailable: true, isConditional: false, isLooped: false },
      ...(withFields && { fields: Object.fromEntries(fields) }),
    };
  }

  /** What an issue becomes by a transition, its screen filled in. */
  apply(issue: FakeIssue, id: unknown, fields: Record<string, unknown>): Partial<FakeIssue> {
    if (typeof id !== 'string') throw new Refusal(400, ['Transition id must be a string']);
    const transition = this.from(issue).find((each) => each.id === id);
    if (!transition)
      throw new Refusal(400, [
        'It seems that you have tried to perform a workflow operation (Move) that is not valid for the current state of this issue. The likely cause is that somebody has changed the issue recently, please look at the issue history for details.',
      ]);
    const { screen = {} } = transition;
    for (const name of Object.keys(fields)) {
      if (!screen[name])
        throw new Refusal(400, [], {
          [name]: `Field '${name}' cannot be set. It is not on the appropriate screen, or unknown.`,
        });
    }
    for (const [name, { required }] of Object.entries(screen)) {
      if (required && fields[name] === undefined) throw new Refusal(400, [], { [name]: `${name} is required.` });
    }
    const isDone = this.status(transition.to).category === 'done';
    const resolution = resolutionNamed(fields['resolution']) ?? (isDone ? issue.resolution : null);
    const others = Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'resolution'));
    return { status: transition.to, resolution, custom: { ...issue.custom, ...others } };
  }
}

export function resolutionScreen(): FakeTransition['screen'] {
  return { resolution: { required: true, allowedValues: RESOLUTIONS } };
}

function resolutionNamed(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const wanted = value as { id?: string; name?: string };
  const found = RESOLUTIONS.find(({ id, name }) => (wanted.id ? id === wanted.id : name === wanted.name));
  if (!found) throw new Refusal(400, [], { resolution: `Resolution name '${String(wanted.name)}' is not valid` });
  return found.name;
}
