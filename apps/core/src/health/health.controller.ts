import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Configuration } from '../config/configuration';
import { ConnectedServers } from '../connected-servers/connected-servers';

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
   * The hub can take events: its database answers. Quarantined servers, and a configuration file that cannot be used and so did
   * not take the place of the one before, are told and do not make it unready.
   */
  @Get('ready')
  async ready(): Promise<{ status: string; quarantined: string[]; configuration: 'in force' | 'refused' }> {
    try {
      await this.database.query('select 1');
    } catch {
      throw new ServiceUnavailableException('The database does not answer');
    }
    return {
      status: 'up',
      quarantined: this.servers.all().flatMap(({ name, problems }) => (problems.length ? [name] : [])),
      configuration: this.configuration.problems.length > 0 ? 'refused' : 'in force',
    };
  }
}
