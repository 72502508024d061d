// Three servers on Node's http: files by what the URL standard makes of the target, files by what
// is left of it when the query is cut off, and routes that ignore case as Express does.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const [root, standardPort, plainPort, routesPort] = process.argv.slice(2);

function sendFile(response, pathname) {
  fs.readFile(path.join(root, path.normalize('/' + pathname)), (error, body) => {
    response.writeHead(error ? 404 : 200, { 'Content-Type': 'text/plain' });
    response.end(error ? 'nothing' : body);
  });
}

function serve(port, answer) {
  http.createServer((request, response) => {
    try {
      answer(request, response);
    } catch (error) {
      response.writeHead(400, { 'Content-Type': 'text/plain' });
      response.end('nothing');
    }
  }).listen(Number(port), '127.0.0.1');
}

serve(standardPort, (request, response) => {
  sendFile(response, decodeURIComponent(new URL(request.url, 'http://app.example.test').pathname));
});

serve(plainPort, (request, response) => {
  sendFile(response, decodeURIComponent(request.url.split('?')[0]));
});

const routes = [
  [/^\/private\/([^/]+)\/?$/i, 'served as private'],
  [/^\/public(?:\/(.*))?$/i, 'served as public'],
];
serve(routesPort, (request, response) => {
  const pathname = require('url').parse(request.url).pathname;
  const route = routes.find(([pattern]) => pattern.test(pathname));
  response.writeHead(route ? 200 : 404, { 'Content-Type': 'text/plain' });
  response.end(route ? route[1] : 'nothing');
});
