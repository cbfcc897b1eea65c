import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, DiscoveryModule } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { Client } from 'pg';
import { ADAPTER_MODULES } from './adapters';
import { ADMIN } from './admin/admin';
import { Configuration } from './config/configuration';
import { Environment } from './config/environment';
import { ConnectedServerGuard, OperatorGuard } from './connected-servers/basic-auth';
import { ConnectedServers } from './connected-servers/connected-servers';
import { ServerCalls } from './connected-servers/server-calls';
import { ServerStates } from './connected-servers/server-states';
import { CausesRepository } from './conversation/causes.repository';
import { ConversationRepository } from './conversation/conversation.repository';
import { Conversations } from './conversation/conversations';
import { DatabaseUrl } from './database/database-url';
import { Statements } from './database/statements';
import { EventServiceController } from './event-service/event-service.controller';
import { EventRows } from './forwarding/event-rows';
import { HealthController } from './health/health.controller';
import { HooksController } from './hooks/hooks.controller';
import { Inbox } from './hooks/inbox';
import { InboxRepository } from './hooks/inbox.repository';
import { Sightings } from './hooks/sightings';
import { METRICS } from './metrics/measuring';
import { OprEndpointController } from './opr-endpoint/opr-endpoint.controller';
import { OprErrorFilter } from './opr-endpoint/opr-error.filter';
import { Carrier } from './outbox/carrier';
import { Dispatcher } from './outbox/dispatcher';
import { LeftBehind } from './outbox/left-behind';
import { OutboxRepository } from './outbox/outbox.repository';
import { Settlements } from './outbox/settlements';
import { Signals } from './outbox/signals';
import { SCHEDULES } from './schedules/providers';
import { SyncServiceController } from './sync-service/sync-service.controller';

/** Connections to the database that one core holds. */
const POOL = 20;

@Module({})
export class AppModule {
  static of(environment: Environment, configuration: Configuration, databaseUrl: string): DynamicModule {
    return {
      module: AppModule,
      imports: [
        DiscoveryModule,
        TypeOrmModule.forRoot({
          type: 'postgres',
          url: databaseUrl,
          poolSize: POOL,
          retryAttempts: 0,
          applicationName: 'opr-connect',
          extra: {
            // A database host that vanishes without a word must not hold up anybody for long: callers are told 503, and what is
            // under way is found again within the lease of the outbox.
            connectionTimeoutMillis: 4_000,
            keepAlive: true,
            query_timeout: 10_000,
            statement_timeout: 9_000,
            idle_in_transaction_session_timeout: 9_000,
            // A connection that is lost says so by an event, which ends the process if nobody listens; the pool itself listens only
            // while the connection is idle. Whoever uses it learns of the loss by the next statement.
            onConnect: (client: Client) => void client.on('error', () => undefined),
          },
          poolErrorHandler: () => undefined,
        }),
        ...ADAPTER_MODULES,
      ],
      controllers: [
        OprEndpointController,
        SyncServiceController,
        EventServiceController,
        HooksController,
        HealthController,
        ...METRICS.controllers,
        ...ADMIN.controllers,
        ...SCHEDULES.controllers,
      ],
      providers: [
        { provide: Environment, useValue: environment },
        { provide: Configuration, useValue: configuration },
        { provide: DatabaseUrl, useValue: new DatabaseUrl(databaseUrl) },
        { provide: APP_FILTER, useClass: OprErrorFilter },
        Statements,
        ConnectedServers,
        ServerStates,
        ConnectedServerGuard,
        OperatorGuard,
        CausesRepository,
        ConversationRepository,
        Conversations,
        EventRows,
        Signals,
        OutboxRepository,
        Carrier,
        Settlements,
        Dispatcher,
        LeftBehind,
        InboxRepository,
        Sightings,
        Inbox,
        ...METRICS.providers,
        ServerCalls,
        ...SCHEDULES.providers,
        ...ADMIN.providers,
      ],
    };
  }
}
