import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { ServiceNowAdapterFactory } from './servicenow.adapter';

/** Brings the adapter `servicenow`. */
@Module({ imports: [HttpModule], providers: [ServiceNowAdapterFactory], exports: [ServiceNowAdapterFactory] })
export class ServiceNowAdapterModule {}
