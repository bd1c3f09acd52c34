// The module `@aws-appsync/utils/ai`: requests to language models of Bedrock.
// Deliberately not here: sending requests.

const aiModule = {
  invokeModel: (payload) => ({ ...payload, operation: 'InvokeModel' }),
  converse: (payload) => ({ ...payload, operation: 'Converse' }),
};

