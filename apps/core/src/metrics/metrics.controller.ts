import { Controller, Get, Injectable, Res, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Configuration } from '../config/configuration';
import { OperatorGuard } from '../connected-servers/basic-auth';
import { DatabaseGauges } from './database-gauges';
import { Metrics } from './metrics';

/** Lets operators in, and everybody if the configuration says so. */
@Injectable()
export class MetricsGuard implements CanActivate {
  constructor(
    private readonly configuration: Configuration,
    private readonly operators: OperatorGuard,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    return this.configuration.current.metrics.open || this.operators.canActivate(context);
  }
}

@Controller('metrics')
@UseGuards(MetricsGuard)
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    private readonly gauges: DatabaseGauges,
  ) {}

  @Get()
  async read(@Res() reply: FastifyReply): Promise<void> {
    await this.gauges.refresh();
    reply.header('content-type', this.metrics.contentType).send(await this.metrics.text());
  }
}
