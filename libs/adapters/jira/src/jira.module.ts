import { Module } from '@nestjs/common';
import { JiraAdapterFactory } from './jira.adapter';

/** Brings the adapter `jira`. */
@Module({ providers: [JiraAdapterFactory], exports: [JiraAdapterFactory] })
export class JiraAdapterModule {}
