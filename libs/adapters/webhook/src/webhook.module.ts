import { Module } from '@nestjs/common';
import { WebhookAdapterFactory } from './webhook.adapter';

/** Brings the adapter `webhook`. */
@Module({ providers: [WebhookAdapterFactory], exports: [WebhookAdapterFactory] })
export class WebhookAdapterModule {}
