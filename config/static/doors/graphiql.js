"use strict";
// The editor at /graphql. Who is signed in to the admin asks with that session; a token goes into "Headers".
(() => {
  const cookie = document.cookie.split("; ").find((each) => each.startsWith("csrftoken="));
  const headers = cookie ? { "X-CSRFToken": cookie.slice("csrftoken=".length) } : {};
  const address = window.location.href.split(/[?#]/)[0];
  const wsClient = graphqlWs.createClient({ url: address.replace(/^http/, "ws"), lazy: true, retryAttempts: 0 });
  const fetcher = GraphiQL.createFetcher({ url: address, headers, wsClient });
  const example = `# Type to ask; Ctrl-Enter sends it. Without a session, put a token into "Headers":
# {"Authorization": "Bearer …"}
query Assets {
  assets(pagination: { limit: 5 }) {
    data { id type qualifiedName tags { name } }
    pagination { total hasMore }
  }
}
`;
  ReactDOM.createRoot(document.getElementById("editor")).render(
    React.createElement(GraphiQL, { fetcher, defaultQuery: example, shouldPersistHeaders: false }),
  );
})();
