import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Configuration } from '../config/configuration';
import { ConnectedServers } from '../connected-servers/connected-servers';
import { Backlog } from './backlog';

/** Tells of messages that wait for a server which is not configured any more. They are kept, and go on when it returns. */
@Injectable()
export class LeftBehind implements OnApplicationBootstrap {
  private readonly log = new Logger('LeftBehind');
  private told = new Set<string>();

  constructor(
    private readonly configuration: Configuration,
    private readonly servers: ConnectedServers,
    private readonly backlog: Backlog,
  ) {}

  onApplicationBootstrap(): void {
    this.configuration.follow(() => void this.look());
  }

  private async look(): Promise<void> {
    try {
      const waiting = new Map<string, number>();
      for (const heap of await this.backlog.count())
        if (!this.servers.find(heap.server))
          waiting.set(heap.server, (waiting.get(heap.server) ?? 0) + heap.waiting + heap.underWay);
      for (const [server, messages] of waiting) if (messages > 0 && !this.told.has(server)) this.tell(server, messages);
      this.told = new Set(waiting.keys());
    } catch (error) {
      this.log.debug(`not counted: ${String(error)}`);
    }
  }

  private tell(server: string, messages: number): void {
    this.log.warn(
      { server, messages },
      `messages wait for server ${server}, which is not configured: they are kept, and go on when it returns`,
    );
  }
}
