import { Module } from '@nestjs/common';
import { ServiceNowAdapterFactory } from './servicenow.adapter';

/** Brings the adapter `servicenow`. */
@Module({ providers: [ServiceNowAdapterFactory], exports: [ServiceNowAdapterFactory] })
export class ServiceNowAdapterModule {}
