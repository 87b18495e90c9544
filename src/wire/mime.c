/* wire/mime.c -- see mime.h. The types are those that the registry of media types (IANA) and
 * browsers know; source code is plain text, so that a browser shows it. XML says its own charset,
 * which a parameter would override (RFC 7303). */
#include "wire/mime.h"

enum { EXTENSION_MAX = 11 };

/* In the order of strcmp. */
static const struct {
    const char extension[EXTENSION_MAX + 1], *type;
} types[] = {
    { "7z", "application/x-7z-compressed" },
    { "aac", "audio/aac" },
    { "ai", "application/postscript" },
    { "apk", "application/vnd.android.package-archive" },
    { "apng", "image/apng" },
    { "appcache", "text/cache-manifest; charset=utf-8" },
    { "asc", "text/plain; charset=utf-8" },
    { "atom", "application/atom+xml" },
    { "avi", "video/x-msvideo" },
    { "avif", "image/avif" },
    { "bin", "application/octet-stream" },
    { "bmp", "image/bmp" },
    { "br", "application/x-brotli" },
    { "bz2", "application/x-bzip2" },
    { "c", "text/plain; charset=utf-8" },
    { "cc", "text/plain; charset=utf-8" },
    { "cfg", "text/plain; charset=utf-8" },
    { "cjs", "text/javascript; charset=utf-8" },
    { "conf", "text/plain; charset=utf-8" },
    { "cpp", "text/plain; charset=utf-8" },
    { "crt", "application/x-x509-ca-cert" },
    { "crx", "application/x-chrome-extension" },
    { "css", "text/css; charset=utf-8" },
    { "csv", "text/csv; charset=utf-8" },
    { "cur", "image/vnd.microsoft.icon" },
    { "cxx", "text/plain; charset=utf-8" },
    { "deb", "application/vnd.debian.binary-package" },
    { "diff", "text/plain; charset=utf-8" },
    { "dmg", "application/x-apple-diskimage" },
    { "doc", "application/msword" },
    { "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
    { "eot", "application/vnd.ms-fontobject" },
    { "eps", "application/postscript" },
    { "epub", "application/epub+zip" },
    { "exe", "application/vnd.microsoft.portable-executable" },
    { "flac", "audio/flac" },
    { "flv", "video/x-flv" },
    { "geojson", "application/geo+json" },
    { "gif", "image/gif" },
    { "glb", "model/gltf-binary" },
    { "gltf", "model/gltf+json" },
    { "go", "text/plain; charset=utf-8" },
    { "gpx", "application/gpx+xml" },
    { "gz", "application/gzip" },
    { "h", "text/plain; charset=utf-8" },
    { "heic", "image/heic" },
    { "heif", "image/heif" },
    { "hpp", "text/plain; charset=utf-8" },
    { "htm", "text/html; charset=utf-8" },
    { "html", "text/html; charset=utf-8" },
    { "ico", "image/vnd.microsoft.icon" },
    { "ics", "text/calendar; charset=utf-8" },
    { "ini", "text/plain; charset=utf-8" },
    { "iso", "application/x-iso9660-image" },
    { "jar", "application/java-archive" },
    { "java", "text/plain; charset=utf-8" },
    { "jfif", "image/jpeg" },
    { "jpeg", "image/jpeg" },
    { "jpg", "image/jpeg" },
    { "js", "text/javascript; charset=utf-8" },
    { "json", "application/json; charset=utf-8" },
    { "json5", "application/json5" },
    { "jsonld", "application/ld+json" },
    { "jsx", "text/javascript; charset=utf-8" },
    { "jxl", "image/jxl" },
    { "kml", "application/vnd.google-earth.kml+xml" },
    { "less", "text/plain; charset=utf-8" },
    { "log", "text/plain; charset=utf-8" },
    { "lua", "text/plain; charset=utf-8" },
    { "m3u8", "application/vnd.apple.mpegurl" },
    { "m4a", "audio/mp4" },
    { "m4v", "video/mp4" },
    { "map", "application/json; charset=utf-8" },
    { "markdown", "text/markdown; charset=utf-8" },
    { "md", "text/markdown; charset=utf-8" },
    { "mid", "audio/midi" },
    { "midi", "audio/midi" },
    { "mjs", "text/javascript; charset=utf-8" },
    { "mkv", "video/matroska" },
    { "mov", "video/quicktime" },
    { "mp3", "audio/mpeg" },
    { "mp4", "video/mp4" },
    { "mpd", "application/dash+xml" },
    { "mpeg", "video/mpeg" },
    { "mpg", "video/mpeg" },
    { "msi", "application/x-msi" },
    { "odp", "application/vnd.oasis.opendocument.presentation" },
    { "ods", "application/vnd.oasis.opendocument.spreadsheet" },
    { "odt", "application/vnd.oasis.opendocument.text" },
    { "oga", "audio/ogg" },
    { "ogg", "audio/ogg" },
    { "ogv", "video/ogg" },
    { "opus", "audio/ogg" },
    { "otf", "font/otf" },
    { "patch", "text/plain; charset=utf-8" },
    { "pdf", "application/pdf" },
    { "pem", "application/x-pem-file" },
    { "pl", "text/plain; charset=utf-8" },
    { "png", "image/png" },
    { "ppt", "application/vnd.ms-powerpoint" },
    { "pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation" },
    { "ps", "application/postscript" },
    { "py", "text/plain; charset=utf-8" },
    { "rar", "application/vnd.rar" },
    { "rb", "text/plain; charset=utf-8" },
    { "rpm", "application/x-rpm" },
    { "rs", "text/plain; charset=utf-8" },
    { "rss", "application/rss+xml" },
    { "rst", "text/plain; charset=utf-8" },
    { "rtf", "application/rtf" },
    { "scss", "text/plain; charset=utf-8" },
    { "sh", "text/plain; charset=utf-8" },
    { "sql", "text/plain; charset=utf-8" },
    { "svg", "image/svg+xml" },
    { "swf", "application/x-shockwave-flash" },
    { "tar", "application/x-tar" },
    { "text", "text/plain; charset=utf-8" },
    { "tgz", "application/gzip" },
    { "tif", "image/tiff" },
    { "tiff", "image/tiff" },
    { "toml", "application/toml" },
    { "torrent", "application/x-bittorrent" },
    { "ts", "video/mp2t" },
    { "tsv", "text/tab-separated-values; charset=utf-8" },
    { "tsx", "text/plain; charset=utf-8" },
    { "ttc", "font/collection" },
    { "ttf", "font/ttf" },
    { "txt", "text/plain; charset=utf-8" },
    { "usdz", "model/vnd.usdz+zip" },
    { "vcf", "text/vcard; charset=utf-8" },
    { "vtt", "text/vtt; charset=utf-8" },
    { "wasm", "application/wasm" },
    { "wav", "audio/wav" },
    { "weba", "audio/webm" },
    { "webm", "video/webm" },
    { "webmanifest", "application/manifest+json" },
    { "webp", "image/webp" },
    { "woff", "font/woff" },
    { "woff2", "font/woff2" },
    { "xhtml", "application/xhtml+xml" },
    { "xls", "application/vnd.ms-excel" },
    { "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
    { "xml", "application/xml" },
    { "xpi", "application/x-xpinstall" },
    { "xsd", "application/xml" },
    { "xsl", "application/xslt+xml" },
    { "xslt", "application/xslt+xml" },
    { "xz", "application/x-xz" },
    { "yaml", "application/yaml" },
    { "yml", "application/yaml" },
    { "zip", "application/zip" },
    { "zst", "application/zstd" },
};

enum { TYPES = sizeof types / sizeof *types };

const char *mime_extension(size_t i)
{
    return i < TYPES ? types[i].extension : NULL;
}

/* The extension in lower case, terminated: what stands behind the last dot of the last segment.
 * returns false when there is none, or none that is in the table. */
static bool extension_of(struct stoa_str name, char *to)
{
    size_t n = 0;
    while (n < name.n && name.p[name.n - 1 - n] != '.' && name.p[name.n - 1 - n] != '/')
        n++;
    if (n == name.n || n == 0 || n > EXTENSION_MAX || name.p[name.n - 1 - n] == '/')
        return false;
    for (size_t i = 0; i < n; i++)
        to[i] = str_lower(name.p[name.n - n + i]);
    to[n] = 0;
    return true;
}

struct stoa_str mime_type(struct stoa_str name)
{
    char extension[EXTENSION_MAX + 1];
    size_t low = 0, high = extension_of(name, extension) ? TYPES : 0;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = strcmp(extension, types[mid].extension);
        if (order == 0)
            return str_of(types[mid].type);
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return STR("application/octet-stream");
}
