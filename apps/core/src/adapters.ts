import { JiraAdapterModule } from '@opr-connect/adapter-jira';
import { OprAdapterModule } from '@opr-connect/adapter-opr';
import { ServiceNowAdapterModule } from '@opr-connect/adapter-servicenow';
import { WebhookAdapterModule } from '@opr-connect/adapter-webhook';

/** The adapters that this core is built with. A new one is one line here, and nothing else outside its folder. */
export const ADAPTER_MODULES = [JiraAdapterModule, OprAdapterModule, ServiceNowAdapterModule, WebhookAdapterModule];
