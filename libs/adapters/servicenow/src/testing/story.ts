import { Desk, type StoryTool, type Surroundings } from '@opr-connect/adapter-kit/testing';
import { FakeServiceNow } from './fake-servicenow';

interface Incident {
  number: string;
  sys_id: string;
  state: string;
  journal: unknown[];
}

const RESOLVED = '6';

export async function startStory({ door, secret, hookSecret }: Surroundings): Promise<StoryTool> {
  const user = 'opr.connect';
  const fake = await FakeServiceNow.start({ user, password: secret, hook: { url: door, secret: hookSecret } });
  const desk = new Desk(fake.url);
  const work = (number: string, fields: object) => desk.act(`as/itil.user/${number}`, fields);
  return {
    name: 'ServiceNow',
    words: { record: 'an incident', note: 'work note' },
    number: /^INC\d+$/,
    url: fake.url,
    settings: `{ url: '${fake.url}', user: ${user}, password: '\${TOOL}', hookSecret: '\${HOOK}' }`,
    work: {
      note: (number, text) => work(number, { work_notes: text }),
      takeInProgress: (number) => work(number, { state: '2' }),
      resolve: (number) =>
        work(number, { state: RESOLVED, close_code: 'Solution provided', close_notes: 'Disk replaced.' }),
    },
    async records() {
      const { incidents } = await desk.state<{ incidents: Incident[] }>();
      return incidents.map(({ number, sys_id, state, journal }) => ({
        ...{ number, state, isResolved: state === RESOLVED, notes: journal.length },
        url: `${fake.url}/incident.do?sys_id=${sys_id}`,
      }));
    },
    close: () => fake.close(),
  };
}
