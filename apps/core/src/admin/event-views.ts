import { Injectable } from '@nestjs/common';
import { Configuration } from '../config/configuration';
import { LOCAL } from '../config/hub-config';
import type { ConnectedServer } from '../connected-servers/connected-server';
import { ConnectedServers } from '../connected-servers/connected-servers';
import { ServerStates } from '../connected-servers/server-states';
import type { EventFacts, MessageFacts, RowFacts, ServerLoad } from './event-histories';
import { ServerNames } from './server-names';
import { whatOfChanges, whyNotForwarded, whyWaiting } from './why';

/** An event as operators see it: who shares it, what waits and why, and what was decided. */
@Injectable()
export class EventViews {
  constructor(
    private readonly configuration: Configuration,
    private readonly servers: ConnectedServers,
    private readonly states: ServerStates,
    private readonly names: ServerNames,
  ) {}

  /** With what was decided about it. */
  history(event: EventFacts, loads: readonly ServerLoad[], now: Date): object {
    const { id, eventId, received, changed, document, rows, messages, history } = event;
    const partyOf = new Map(rows.map((row) => [row.id, this.names.of(row.server)]));
    return {
      ...{ id, eventId, source: this.sourceOf(event), title: document.title, received, changed },
      servers: [
        ...rows.map((row) =>
          this.row(
            row,
            messages.filter((message) => message.row === row.id),
            loads,
            now,
          ),
        ),
        ...this.withoutRow(event).map((server) => this.notForwarded(server, event)),
      ],
      history: history.map(({ seq, at, row, what, detail }) => ({
        ...{ seq, at, what },
        ...(row === null ? {} : { server: partyOf.get(row) ?? row }),
        ...(detail === null ? {} : { detail }),
      })),
    };
  }

  /** As the hub holds it. */
  stored(event: EventFacts): object {
    const { id, eventId, received, changed, document, rows } = event;
    return {
      ...{ id, eventId, source: this.sourceOf(event), received, changed },
      servers: rows.map((row) => this.registered(row)),
      event: document,
    };
  }

  private row(row: RowFacts, messages: readonly MessageFacts[], loads: readonly ServerLoad[], now: Date): object {
    const situation = {
      ...{ now, messages, server: this.servers.find(row.server), state: this.states.of(row.server) },
      load: loads.find(({ server }) => server === row.server),
    };
    return {
      ...this.registered(row),
      changes: whatOfChanges(row, this.servers.traits(row.server)),
      messages: messages.map((message) => {
        const { id, kind, attempts, reasons, created, due, underWay } = message;
        // While it is under way its due time is the end of the lease.
        return {
          id,
          kind,
          created,
          ...(underWay ? {} : { due }),
          attempts,
          reasons,
          why: whyWaiting(message, situation),
        };
      }),
    };
  }

  /** What the registry says of a party. */
  private registered({ server, state, type, rule, ref, since }: RowFacts): object {
    return {
      ...{ server: this.names.of(server), state, type, since },
      ...(rule === null ? {} : { rule }),
      ...(ref === null ? {} : { externalId: ref.displayId ?? ref.id, externalUrl: ref.url }),
    };
  }

  private withoutRow({ rows }: EventFacts): ConnectedServer[] {
    return this.servers.all().filter(({ uuid }) => rows.every(({ server }) => server !== uuid));
  }

  private notForwarded(server: ConnectedServer, event: EventFacts): object {
    return {
      server: server.name,
      state: 'not forwarded',
      why: whyNotForwarded(server, this.configuration.current.rules, event.document, this.sourceOf(event)),
    };
  }

  private sourceOf({ source }: EventFacts): string {
    return source === null ? LOCAL : this.names.of(source);
  }
}
