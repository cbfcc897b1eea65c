import { Backlog } from '../outbox/backlog';
import { ActionsController } from './actions.controller';
import { DeadLetterRepository } from './dead-letter.repository';
import { DeadLetters } from './dead-letters';
import { DeadLettersController } from './dead-letters.controller';
import { EventHistories } from './event-histories';
import { EventLookup } from './event-lookup';
import { EventViews } from './event-views';
import { EventsController } from './events.controller';
import { OperatorActions } from './operator-actions';
import { ServerNames } from './server-names';
import { ServerViews } from './server-views';
import { ServersController } from './servers.controller';

/** Everything under `/api`: for operators, in JSON. */
export const ADMIN = {
  controllers: [ActionsController, DeadLettersController, EventsController, ServersController],
  providers: [
    Backlog,
    DeadLetterRepository,
    DeadLetters,
    EventHistories,
    EventLookup,
    EventViews,
    OperatorActions,
    ServerNames,
    ServerViews,
  ],
};
