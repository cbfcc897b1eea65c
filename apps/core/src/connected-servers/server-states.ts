import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Sql } from '../database/statements';
import { storable } from '../database/json';
import { Configuration } from '../config/configuration';
import { ConnectedServers } from './connected-servers';

/** What all cores know of one server. */
export interface ServerState {
  server: string;
  /** Of the server itself, one after the other. */
  failures: number;
  pausedUntil?: Date;
  /** A person must change something before anything works. */
  alarm: boolean;
  reason?: string;
  /** A person paused it. */
  heldAt?: Date;
  heldBy?: string;
  heldReason?: string;
}

/** Without word from the tool how long, a server that fails is tried again after at most so long. */
const LONGEST_PAUSE_MS = 30_000;
/** How long another core's word may take to count here, where it is only a hint; the claim reads the table itself. */
const REFRESH_MS = 1_000;

/**
 * Pauses and holds, kept in the database, where the claim reads them: what one core finds out counts for all. Calls that fail
 * together while a server is paused already count as one failure.
 */
@Injectable()
export class ServerStates implements OnModuleInit, OnApplicationShutdown {
  private readonly log = new Logger('ServerStates');
  private known = new Map<string, ServerState>();
  private timer?: NodeJS.Timeout;
  private looking = false;

  constructor(
    private readonly database: DataSource,
    private readonly servers: ConnectedServers,
    private readonly configuration: Configuration,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.refresh();
    this.timer = setInterval(() => void this.look(), REFRESH_MS);
    this.configuration.follow(() => void this.look());
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** As this core saw it last, at most a second ago. */
  of(server: string): ServerState | undefined {
    return this.known.get(server);
  }

  /** Whether messages to this server wait because of the server itself. */
  isPaused(server: string): boolean {
    const state = this.known.get(server);
    return state !== undefined && (state.heldAt !== undefined || (state.pausedUntil?.getTime() ?? 0) > Date.now());
  }

  /** One look at a time: those at a database that does not answer would take its connections from everything else. */
  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    await this.refresh().catch((error: unknown) => this.log.debug(`not refreshed: ${String(error)}`));
    this.looking = false;
  }

  /** Reads all rows, and makes one for each server that has none: only servers with a row are claimed for. */
  private async refresh(): Promise<void> {
    const missing = this.servers.all().flatMap(({ uuid }) => (this.known.has(uuid) ? [] : [uuid]));
    if (missing.length > 0)
      await this.database.query('insert into server_state (server) select unnest($1::uuid[]) on conflict do nothing', [
        missing,
      ]);
    const rows: Row[] = await this.database.query(`select ${COLUMNS} from server_state`);
    this.known = new Map(rows.map((row) => [row.server, stateIn(row)]));
  }

  /** The server itself failed. Answers how long it is paused now, in milliseconds. */
  async failed(server: string, failure: { ms?: number; alarm: boolean; reason: string }): Promise<number> {
    const [[row]] = await this.database.query(
      `update server_state
          set failures = failures + case when paused_until > now() then 0 else 1 end, alarm = $3, reason = $4, resumed_at = null,
              paused_until = greatest(paused_until, now() + interval '1 millisecond' * coalesce($2::float8,
                case when $3 then ${LONGEST_PAUSE_MS} else least(${LONGEST_PAUSE_MS}, 1000 * 2 ^ least(failures, 10)) * (0.75 + random() / 2) end))
        where server = $1 returning ${COLUMNS}`,
      [server, failure.ms ?? null, failure.alarm, storable(failure.reason)],
    );
    this.remember(row);
    return Math.max(0, (row?.pausedUntil?.getTime() ?? 0) - Date.now());
  }

  /** A call to the server went well. */
  async worked(server: string): Promise<void> {
    if (!this.known.get(server)?.failures) return;
    const [[row]] = await this.database.query(
      `update server_state set failures = 0, paused_until = null, alarm = false, reason = null, resumed_at = now()
        where server = $1 and failures > 0 returning ${COLUMNS}`,
      [server],
    );
    this.remember(row);
  }

  /** A person stops everything that would be carried to the server, until it is resumed. */
  async hold(server: string, by: string, reason: string, sql: Sql): Promise<void> {
    const [[row]] = await sql.query(
      `update server_state set held_at = coalesce(held_at, now()), held_by = $2, held_reason = $3 where server = $1 returning ${COLUMNS}`,
      [server, by, storable(reason)],
    );
    this.remember(row);
  }

  /** A person lets the server be tried at once, whatever paused it. */
  async resume(server: string, sql: Sql): Promise<void> {
    const [[row]] = await sql.query(
      `update server_state set held_at = null, held_by = null, held_reason = null, paused_until = null where server = $1 returning ${COLUMNS}`,
      [server],
    );
    this.remember(row);
  }

  private remember(row: Row | undefined): void {
    if (row) this.known.set(row.server, stateIn(row));
  }
}

const COLUMNS = `server, failures, paused_until as "pausedUntil", alarm, reason, held_at as "heldAt", held_by as "heldBy", held_reason as "heldReason"`;

type Row = { [Field in keyof Required<ServerState>]: ServerState[Field] | null } & { server: string };

const stateIn = (row: Row): ServerState =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as unknown as ServerState;
