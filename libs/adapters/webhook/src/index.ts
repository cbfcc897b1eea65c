export { WebhookAdapter, WebhookAdapterFactory } from './webhook.adapter';
export { WebhookAdapterModule } from './webhook.module';
export { WebhookSettings } from './webhook.settings';
