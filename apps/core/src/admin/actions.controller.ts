import { Controller, Get, Req, UseGuards } from '@nestjs/common';
import { OperatorGuard, type OperatorRequest } from '../connected-servers/basic-auth';
import { Page } from './inputs';
import { queryOf } from './json-request';
import { OperatorActions } from './operator-actions';

@Controller('api/actions')
@UseGuards(OperatorGuard)
export class ActionsController {
  constructor(private readonly actions: OperatorActions) {}

  @Get()
  async list(@Req() request: OperatorRequest): Promise<object> {
    return { actions: await this.actions.list(queryOf(request, Page)) };
  }
}
