import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { Configuration } from '../config/configuration';
import { ConnectedServers } from '../connected-servers/connected-servers';

/** Shorter than whoever asks is likely to wait. */
const ANSWER_MS = 2_000;

@Controller('health')
export class HealthController {
  constructor(
    private readonly database: DataSource,
    private readonly servers: ConnectedServers,
    private readonly configuration: Configuration,
  ) {}

  /** The process runs. */
  @Get('live')
  live(): { status: string } {
    return { status: 'up' };
  }

  /**
   * The hub can take events: its database answers and takes writes. Quarantined servers, and a configuration file that cannot be used and so did
   * not take the place of the one before, are told and do not make it unready.
   */
  @Get('ready')
  async ready(): Promise<{ status: string; quarantined: string[]; configuration: 'in force' | 'refused' }> {
    const state = await Promise.race([this.databaseState(), sleep(ANSWER_MS, 'away' as const, { ref: false })]);
    if (state === 'away') throw new ServiceUnavailableException('The database does not answer');
    if (state === 'read-only') throw new ServiceUnavailableException('The database takes no writes');
    return {
      status: 'up',
      quarantined: this.servers.all().flatMap(({ name, problems }) => (problems.length ? [name] : [])),
      configuration: this.configuration.problems.length > 0 ? 'refused' : 'in force',
    };
  }

  private async databaseState(): Promise<'away' | 'read-only' | 'up'> {
    try {
      const [{ readOnly }] = await this.database.query(
        `select current_setting('transaction_read_only')::boolean as "readOnly"`,
      );
      return readOnly ? 'read-only' : 'up';
    } catch {
      return 'away';
    }
  }
}
