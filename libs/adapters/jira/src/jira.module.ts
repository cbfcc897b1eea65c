import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { JiraAdapterFactory } from './jira.adapter';

/** Brings the adapter `jira`. */
@Module({ imports: [HttpModule], providers: [JiraAdapterFactory], exports: [JiraAdapterFactory] })
export class JiraAdapterModule {}
