import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { WebhookAdapterFactory } from './webhook.adapter';

/** Brings the adapter `webhook`. */
@Module({ imports: [HttpModule], providers: [WebhookAdapterFactory], exports: [WebhookAdapterFactory] })
export class WebhookAdapterModule {}
