import { Attempts } from './attempts';
import { DatabaseGauges } from './database-gauges';
import { MetricsController, MetricsGuard } from './metrics.controller';
import { Metrics } from './metrics';

/** What the hub measures of itself. */
export const METRICS = {
  controllers: [MetricsController],
  providers: [Attempts, DatabaseGauges, Metrics, MetricsGuard],
};
