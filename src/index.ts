/** The library: the verbs that the command line has, their types, and the contracts that a user may implement. */

// Data sets and models
export { loadAll as load, type Loaded, type LoadOptions, type LoadReport } from './data/load.js';
export { bundledModelPath, loadModel } from './models/load.js';
export type { LoadedModel, ModelConfig, Tokenizer } from './models/model.js';
export type { AnswerRecord, Book, GridPlace, Item, LevelText, Question, Row, Sample, Verdict } from './core/records.js';
export type { Level } from './core/levels.js';
export type { Device, GenerateSettings, LoraSettings, TrainSettings } from './core/settings.js';
export { UserError, UserErrors } from './core/errors.js';

// Compressing
export { compress, type CompressSettings, type OwnLevel } from './api/compress.js';
export type { CompressProgress, CompressReport } from './compress/compress-items.js';
export type { LevelSpec } from './compress/level-spec.js';
export type {
  Compression,
  CompressionFailure,
  CompressionMethod,
  CompressOptions,
  SourceItem,
  SurprisalModel,
  TokenCounter,
  WorkEstimate,
} from './compress/method.js';
export type { UserCompress, UserContext } from './compress/methods/user-module.js';
export type { Amount, Target } from './compress/target.js';

// Auditing
export { audit, type AuditOptions } from './audit/audit.js';
export type { AuditReport, LevelAudit } from './audit/audit-report.js';

// Training
export { train, type TrainOptions } from './api/train.js';
export type { TrainProgress, TrainResult } from './train/finetune.js';

// Asking
export { ask, type AskOptions } from './api/ask.js';
export {
  endpointModel,
  localModel,
  type EndpointPrompts,
  type LocalOptions,
  type Outcome,
  type QuestioningOptions,
  type Respondent,
} from './evaluate/respondent.js';
export { ChatEndpoint } from './llm/endpoint.js';
export { endpointSettings } from './llm/settings.js';
export type { ChatModel } from './llm/chat-model.js';

// Judging
export { judge, type JudgeOptions } from './api/judge.js';
export { scored, unscored, type Judge, type JudgeInput } from './evaluate/judges/contract.js';
export type { JudgeChoice } from './evaluate/judges/open-judge.js';

// Analysing and reporting
export { analyse, type Analysis, type AnalysisOptions } from './analysis/analyse.js';
export type { Recommendation } from './analysis/verdict.js';
export type { RunSummary } from './analysis/run-summary.js';
export { renderReport as report } from './report/page.js';
export type { ReportData } from './report/data.js';
export { LANGUAGES, type Language } from './words/language.js';

// Exams
export { makeExam, type Exam, type ExamReport, type ExamSettings } from './exam/exam.js';
export { modelWriter } from './exam/model-writer.js';
export { ruleWriter } from './exam/rules.js';
export { ExamStopped, type Draft, type ExamWriter, type Written } from './exam/writer.js';

// Studies
export { study, type StudyChoices, type StudyOutcome } from './api/study.js';
export type { StudyInput } from './study/config.js';
export { planStudy, type PlanOptions, type StudyPlan } from './study/plan.js';
export { readStudyFile, studyConfig } from './study/config-file.js';
export { readStudy, type StoredStudy } from './study/stored-study.js';
export { reportData, type WrittenReport } from './study/report.js';
export type { StudyEvent, StudyOptions, StudySummary } from './study/runner.js';
export type { Executor, Job, JobOutcome, JobSpec } from './executors/executor.js';
export { serve } from './executors/serve.js';
export { carryOutFolder } from './study/carry-out.js';
