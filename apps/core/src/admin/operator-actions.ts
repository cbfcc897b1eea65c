import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Sql } from '../database/statements';
import { storable } from '../database/json';
import type { Page } from './inputs';

/** What an operator did. */
export interface OperatorAction {
  /** Login name. */
  operator: string;
  action: 'pause' | 'resume' | 'retry' | 'discard' | 'reconcile';
  /** Path of what it was done to, below `/api`. */
  subject: string;
  reason?: string;
}

/** Who did what, when and why: written in the transaction that does it, and never changed. */
@Injectable()
export class OperatorActions {
  constructor(private readonly database: DataSource) {}

  async note({ operator, action, subject, reason }: OperatorAction, sql: Sql): Promise<void> {
    await sql.query('insert into operator_action (operator, action, subject, reason) values ($1, $2, $3, $4)', [
      operator,
      action,
      subject,
      reason === undefined ? null : storable(reason),
    ]);
  }

  /** The newest first. */
  async list({ limit, before }: Page): Promise<(OperatorAction & { seq: number; at: string })[]> {
    return this.database.query(
      `select seq::float8 as seq, at, operator, action, subject, reason from operator_action
        where $2::bigint is null or seq < $2 order by seq desc limit $1`,
      [limit, before ?? null],
    );
  }
}
