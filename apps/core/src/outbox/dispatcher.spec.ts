import type { Adapter } from '@opr-connect/adapter-kit';
import type { ConnectedServer } from '../connected-servers/connected-server';
import type { ConnectedServers } from '../connected-servers/connected-servers';
import type { Carrier } from './carrier';
import { Dispatcher } from './dispatcher';
import type { OutboxMessage, OutboxRepository } from './outbox.repository';
import type { Signals } from './signals';

const message: OutboxMessage = {
  ...{ id: 'm', server: 's', claim: 'c', attempts: 1 },
  ...{ kind: 'read', row: 'r', event: 'e' },
};

describe('Dispatcher', () => {
  it('on shutdown finishes what was being claimed at that moment', async () => {
    let claim: (messages: OutboxMessage[]) => void = () => undefined;
    const claimed = new Promise<OutboxMessage[]>((resolve) => (claim = resolve));
    let finish: () => void = () => undefined;
    const carried = new Promise<void>((resolve) => (finish = resolve));
    const carry = jest.fn(() => carried);
    const server = { uuid: 's', name: 's', active: true, adapter: {} as Adapter } as ConnectedServer;
    const dispatcher = new Dispatcher(
      { claim: () => claimed } as unknown as OutboxRepository,
      { carry } as unknown as Carrier,
      { all: () => [server], find: () => server } as unknown as ConnectedServers,
      { onDue: () => undefined } as unknown as Signals,
    );
    dispatcher.onApplicationBootstrap();
    let ended = false;
    const ending = dispatcher.beforeApplicationShutdown().then(() => (ended = true));
    claim([message]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect({ calls: carry.mock.calls.length, ended }).toEqual({ calls: 1, ended: false });
    finish();
    await ending;
  });
});
