/* The 256 words: Indonesian, easily spoken, in alphabetical order. Position is meaning: never
 * change one, the words of two versions would differ. tests/unit/core/seal/test_words.c checks that
 * no two are alike, by letter or by ear. */
#include "core/base/assert.h"
#include "core/seal/words.h"

#define WORDS_COUNT 256u

static const char *const list[WORDS_COUNT] = {
    "alpukat", "amplop",   "anggur",   "angkat",   "anting",  "anyaman",  "atap",     "bakul",
    "bandara", "bangau",   "baskom",   "baterai",  "bawang",  "bayam",    "becak",    "belalang",
    "benang",  "berdiri",  "bersih",   "biola",    "biru",    "brokoli",  "bubur",    "buncis",
    "cabai",   "cahaya",   "cangkir",  "cantik",   "capung",  "celana",   "celengan", "cengkeh",
    "cerdas",  "cermin",   "cincin",   "cobek",    "coklat",  "cuci",     "daging",   "dahlia",
    "delman",  "dermaga",  "desa",     "detik",    "dinding", "dokter",   "dompet",   "duduk",
    "durian",  "ember",    "enam",     "gagak",    "gajian",  "gambar",   "gapura",   "garasi",
    "gelas",   "gembok",   "genteng",  "gergaji",  "gerobak", "gitar",    "gong",     "gunung",
    "gurita",  "hadiah",   "handuk",   "harapan",  "harga",   "harimau",  "hemat",    "hidung",
    "hijau",   "huruf",    "hutan",    "impian",   "istana",  "jahe",     "jalan",    "jangkrik",
    "janji",   "jarum",    "jembatan", "jendela",  "jingga",  "kain",     "kalimat",  "kambing",
    "kamera",  "kamus",    "kancil",   "kangkung", "kantor",  "kapal",    "kebaya",   "kebun",
    "kedelai", "kelapa",   "kelinci",  "keluar",   "kemeja",  "kemiri",   "kemudi",   "kepiting",
    "kerbau",  "kereta",   "kerikil",  "kerucut",  "kesemek", "ketupat",  "kijang",   "kiwi",
    "kompor",  "kotak",    "kucing",   "kuitansi", "kunyit",  "kupu",     "kursi",    "kutilang",
    "ladang",  "lampu",    "langit",   "leher",    "lemari",  "lembah",   "lengkuas", "lesung",
    "lilin",   "lincah",   "lingkar",  "lonceng",  "lukisan", "mahkota",  "majalah",  "mangkuk",
    "markisa", "masuk",    "matahari", "melati",   "melon",   "menara",   "menit",    "menyanyi",
    "mercu",   "minggu",   "minum",    "minyak",   "mobil",   "muda",     "mulut",    "musim",
    "nampan",  "nanas",    "nelayan",  "nenek",    "nyamuk",  "pahit",    "palu",     "pangeran",
    "panjang", "pantai",   "paprika",  "pasar",    "payung",  "pedagang", "pelaut",   "pelita",
    "pempek",  "pensil",   "penulis",  "perahu",   "perisai", "pesawat",  "petani",   "piano",
    "pilot",   "pintu",    "piring",   "pisang",   "planet",  "plastik",  "pohon",    "pompa",
    "prangko", "pulpen",   "puncak",   "punggung", "putih",   "radio",    "raja",     "rambut",
    "rendah",  "ringan",   "rumah",    "sabtu",    "saklar",  "sambal",   "sandal",   "sapi",
    "sawah",   "sedap",    "segitiga", "sejuk",    "sekolah", "sekrup",   "selasa",   "selimut",
    "selokan", "semangka", "sembilan", "semen",    "sempit",  "sendok",   "sepatu",   "sepeda",
    "sepuluh", "seribu",   "setengah", "setrika",  "sikat",   "singkong", "sisir",    "sopan",
    "soto",    "stasiun",  "stroberi", "sulaman",  "suling",  "sungai",   "tangga",   "tarik",
    "tebal",   "teko",     "telepon",  "telinga",  "tembaga", "teratai",  "terminal", "terong",
    "tiga",    "timun",    "tipis",    "tombak",   "topeng",  "tujuh",    "tukang",   "tumit",
    "tumpul",  "tungku",   "ukuran",   "ulekan",   "utara",   "warung",   "wortel",   "zaitun",
};

const char *words_list(unsigned index)
{
    ASSERT(index < WORDS_COUNT);
    return list[index];
}
