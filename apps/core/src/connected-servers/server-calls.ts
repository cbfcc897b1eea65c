import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Statements } from '../database/statements';
import type { ConnectedServer } from './connected-server';
import { ServerStates } from './server-states';

/**
 * Calls to a server that no message asks for. They count for its rate, find out for all cores that it fails or works, and are
 * not made while it is held or paused.
 */
@Injectable()
export class ServerCalls {
  private readonly log = new Logger('ServerCalls');

  constructor(
    private readonly database: Statements,
    private readonly states: ServerStates,
  ) {}

  /** Waits until the rate of the server allows one more call. False: there is to be none, for the server is held or paused. */
  async turn({ uuid, ratePerMinute }: ConnectedServer, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      const [[turn]] = await this.database.query<[{ stopped: boolean; waitMs: number | null }[]]>(TAKE, [
        uuid,
        ratePerMinute ?? null,
      ]);
      if (!turn || turn.stopped) return false;
      if (!turn.waitMs) return true;
      await sleep(Math.ceil(turn.waitMs), undefined, { signal });
    }
  }

  /** A call went well. */
  worked({ uuid }: ConnectedServer): Promise<void> {
    return this.states.worked(uuid);
  }

  /** A call failed for a reason that concerns the whole server: it is paused. */
  async failed(server: ConnectedServer, failure: { ms?: number; alarm: boolean; reason: string }): Promise<void> {
    await this.states.failed(server.uuid, failure);
    if (failure.alarm)
      this.log.error(
        { server: server.name, reason: failure.reason },
        `nothing works with ${server.name} until its configuration is put right`,
      );
  }
}

const TAKE = `
  with free as (
    select s.server, s.held_at is not null or s.paused_until > now() is true as stopped,
           case when r.rate is not null then
             least(greatest(1, r.rate / 6), coalesce(s.budget, r.rate / 6) + extract(epoch from now() - coalesce(s.budget_at, now())) * r.rate / 60) end as budget,
           r.rate
      from server_state s cross join (select $2::float8 as rate) r
     where s.server = $1
       for update of s
  )
  update server_state s
     set budget = case when free.stopped or free.budget < 1 then free.budget else free.budget - 1 end,
         budget_at = case when free.rate is null then s.budget_at else now() end
    from free where free.server = s.server
  returning free.stopped, case when free.budget < 1 then (1 - free.budget) / free.rate * 60000 end as "waitMs"`;
