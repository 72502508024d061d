<?php
// A site behind PHP's built-in server, by what the environment's MANNER says: routes or files by the
// decoded REQUEST_URI, or files by PATH_INFO, which PHP has decoded already and this decodes again.
header('Content-Type: text/plain');
$target = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (getenv('MANNER') === 'path_info') {
    $target = $_SERVER['PATH_INFO'] ?? '/';
}
$path = rawurldecode((string) $target);
$file = getenv('ROOT') . $path;
if (getenv('MANNER') !== 'routes' && !str_contains($path, "\0") && is_file($file)) {
    readfile($file);
} elseif (getenv('MANNER') === 'routes' && str_starts_with($path, '/private/')) {
    echo 'served as private';
} elseif (getenv('MANNER') === 'routes' && str_starts_with($path, '/public/')) {
    echo 'served as public';
} else {
    http_response_code(404);
    echo 'nothing';
}
