import { BadRequestException, Injectable } from '@nestjs/common';
import { ConnectedServers } from '../connected-servers/connected-servers';

/** People know servers by name, the database by uuid. */
@Injectable()
export class ServerNames {
  constructor(private readonly servers: ConnectedServers) {}

  /** The uuid itself for a server that is configured no more. */
  of(uuid: string): string {
    return this.servers.find(uuid)?.name ?? uuid;
  }

  /** By name, or by uuid for a server that is configured no more. @throws BadRequestException */
  uuidOf(name: string): string {
    const uuid = this.servers.named(name)?.uuid ?? (UUID.test(name) ? name.toLowerCase() : undefined);
    if (uuid === undefined) throw new BadRequestException('server: must be the name of a connected server');
    return uuid;
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
