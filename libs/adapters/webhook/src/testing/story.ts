import { Desk, type StoryTool, type Surroundings } from '@opr-connect/adapter-kit/testing';
import { FakeWebhookReceiver } from './fake-webhook-receiver';

interface Ticket {
  number: string;
  state: string;
  comments: unknown[];
}

export async function startStory({ door, secret, hookSecret }: Surroundings): Promise<StoryTool> {
  const fake = await FakeWebhookReceiver.start({ secret, hook: { url: door, secret: hookSecret } });
  const { origin } = new URL(fake.url);
  const desk = new Desk(origin);
  const work = (number: string, fields: object) => desk.act(`as/jane/${number}`, fields);
  return {
    name: 'a party of web hooks',
    words: { record: 'a ticket', note: 'comment' },
    number: /^T-\d+$/,
    url: fake.url,
    settings: `{ url: '${fake.url}', secret: '\${TOOL}', hookSecret: '\${HOOK}', allowedNetworks: [loopback] }`,
    work: {
      note: (number, comment) => work(number, { comment }),
      takeInProgress: (number) => work(number, { state: 'in_progress' }),
      resolve: (number) => work(number, { state: 'closed' }),
    },
    async records() {
      const { tickets } = await desk.state<{ tickets: Ticket[] }>();
      return tickets.map(({ number, state, comments }) => ({
        ...{ number, state, isResolved: state === 'closed', notes: comments.length },
        url: `${origin}/_fake/state`,
      }));
    },
    close: () => fake.close(),
  };
}
