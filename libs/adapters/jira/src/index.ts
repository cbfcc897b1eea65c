export { JiraAdapter, JiraAdapterFactory } from './jira.adapter';
export { JiraAdapterModule } from './jira.module';
export { JiraSettings } from './jira.settings';
