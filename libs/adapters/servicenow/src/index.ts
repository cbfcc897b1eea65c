export { ServiceNowAdapter, ServiceNowAdapterFactory } from './servicenow.adapter';
export { ServiceNowAdapterModule } from './servicenow.module';
export { ServiceNowSettings } from './servicenow.settings';
