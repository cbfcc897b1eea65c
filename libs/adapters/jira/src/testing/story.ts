import { Desk, type StoryTool, type Surroundings } from '@opr-connect/adapter-kit/testing';
import { FakeJira } from './fake-jira';

interface Issue {
  key: string;
  status: string;
  comments: unknown[];
}

/** As Cloud has it. */
export async function startStory({ door, secret, hookSecret }: Surroundings): Promise<StoryTool> {
  const user = 'opr.connect';
  const hook = { url: door, secret: hookSecret };
  const fake = await FakeJira.start({ flavour: 'cloud', user, token: secret, hook });
  const desk = new Desk(fake.url);
  const work = (key: string, what: string, said: object) => desk.act(`as/ann/${key}/${what}`, said);
  return {
    name: 'Jira',
    words: { record: 'an issue', note: 'comment' },
    number: /^OPS-\d+$/,
    url: fake.url,
    settings: `{ url: '${fake.url}', user: ${user}@example.com, token: '\${TOOL}', hookSecret: '\${HOOK}', project: OPS }`,
    work: {
      note: (key, text) => work(key, 'comment', { text }),
      takeInProgress: (key) => work(key, 'transition', { to: 'In Progress' }),
      resolve: (key) => work(key, 'transition', { to: 'Done' }),
    },
    async records() {
      const { issues } = await desk.state<{ issues: Issue[] }>();
      return issues.map(({ key: number, status: state, comments }) => ({
        ...{ number, state, isResolved: state === 'Done', notes: comments.length },
        url: `${fake.url}/browse/${number}`,
      }));
    },
    close: () => fake.close(),
  };
}
