import { Poller } from '../polling/poller';
import { ReconciliationRepository } from '../reconciliation/reconciliation.repository';
import { ReconciliationsController } from '../reconciliation/reconciliations.controller';
import { Reconciler } from '../reconciliation/reconciler';
import { Retention } from '../retention/retention';
import { RetentionRepository } from '../retention/retention.repository';
import { ScheduleRepository } from './schedule.repository';
import { Schedules } from './schedules';

/** Everything that is done by the clock. */
export const SCHEDULES = {
  controllers: [ReconciliationsController],
  providers: [
    ScheduleRepository,
    Poller,
    ReconciliationRepository,
    Reconciler,
    RetentionRepository,
    Retention,
    Schedules,
  ],
};
