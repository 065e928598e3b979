# Schemas as the shell sees them: {name:, attributes: {K => v}, configuration: {}, families: {name => family}}.
module Shell
  class Family
    # What every HBase client sends for a new family, in the order in which its classes put them into their map.
    DEFAULTS = {
      'BLOOMFILTER' => 'ROW', 'KEEP_DELETED_CELLS' => 'FALSE', 'DATA_BLOCK_ENCODING' => 'NONE', 'MIN_VERSIONS' => '0',
      'BLOCKSIZE' => '65536', 'INDEX_BLOCK_ENCODING' => 'NONE', 'COMPRESSION' => 'NONE', 'REPLICATION_SCOPE' => '0',
      'TTL' => '2147483647', 'BLOCKCACHE' => 'true', 'IN_MEMORY' => 'false', 'VERSIONS' => '1'
    }
    # With the defaults, what describe shows beside the name; the rest is METADATA.
    RESERVED = %w[ENCRYPTION ENCRYPTION_KEY IS_MOB MOB_THRESHOLD MOB_COMPACT_PARTITION_POLICY]
    OPTIONAL = %w[NEW_VERSION_BEHAVIOR COMPRESS_TAGS COMPRESSION_COMPACT COMPRESSION_COMPACT_MAJOR
      COMPRESSION_COMPACT_MINOR CACHE_DATA_ON_WRITE CACHE_INDEX_ON_WRITE CACHE_BLOOMS_ON_WRITE EVICT_BLOCKS_ON_CLOSE
      PREFETCH_BLOCKS_ON_OPEN IN_MEMORY_COMPACTION ENCRYPTION ENCRYPTION_KEY IS_MOB MOB_THRESHOLD
      MOB_COMPACT_PARTITION_POLICY DFS_REPLICATION STORAGE_POLICY]
    UPPER = %w[COMPRESSION COMPRESSION_COMPACT COMPRESSION_COMPACT_MAJOR COMPRESSION_COMPACT_MINOR BLOOMFILTER
      KEEP_DELETED_CELLS DATA_BLOCK_ENCODING INDEX_BLOCK_ENCODING IN_MEMORY_COMPACTION STORAGE_POLICY
      MOB_COMPACT_PARTITION_POLICY]
    LOWER = %w[IN_MEMORY BLOCKCACHE NEW_VERSION_BEHAVIOR COMPRESS_TAGS CACHE_DATA_ON_WRITE CACHE_INDEX_ON_WRITE
      CACHE_BLOOMS_ON_WRITE EVICT_BLOCKS_ON_CLOSE PREFETCH_BLOCKS_ON_OPEN IS_MOB]
    CHOICES = {
      'COMPRESSION' => %w[LZO GZ NONE SNAPPY LZ4 BZIP2 ZSTD LZMA BROTLI],
      'BLOOMFILTER' => %w[NONE ROW ROWCOL ROWPREFIX_FIXED_LENGTH],
      'KEEP_DELETED_CELLS' => %w[FALSE TRUE TTL],
      'DATA_BLOCK_ENCODING' => %w[NONE PREFIX DIFF FAST_DIFF ROW_INDEX_V1]
    }
    CHOICE_NAMES = { 'COMPRESSION' => 'Compression', 'BLOOMFILTER' => 'BloomFilter type',
      'KEEP_DELETED_CELLS' => 'KeepDeletedCells', 'DATA_BLOCK_ENCODING' => 'DataBlockEncoding' }

    attr_reader :name, :attributes, :configuration

    def initialize(name, attributes = nil, configuration = nil)
      @name = name
      @attributes = attributes || DEFAULTS.dup
      @configuration = configuration || {}
    end

    # Takes what it knows out of `options`; the caller warns of the rest.
    def apply(options)
      (DEFAULTS.keys + OPTIONAL).each do |key|
        next unless options.key?(key)
        @attributes[key] = value(key, options.delete(key))
      end
      (Values.take(options, 'METADATA') || {}).each { |key, value| @attributes[key.to_s] = value.to_s }
      (Values.take(options, 'CONFIGURATION', 'CONFIG') || {}).each do |key, value|
        if value.nil?
          @configuration.delete(key.to_s)
        else
          @configuration[key.to_s] = value.to_s
        end
      end
    end

    def value(key, given)
      return Values.ttl(given) if key == 'TTL'
      return Values.size(given) if key == 'BLOCKSIZE' || key == 'MOB_THRESHOLD'
      if key == 'VERSIONS' && Values.integer(given, key) < 1
        raise ArgumentError, 'Maximum versions must be positive'
      end
      text = given.to_s
      text = text.upcase if UPPER.include?(key)
      text = text.downcase if LOWER.include?(key)
      if CHOICES[key] && !CHOICES[key].include?(text)
        raise ArgumentError, "#{CHOICE_NAMES[key]} #{text} is not supported. Use one of #{CHOICES[key].join(' ')}"
      end
      text
    end

    def to_s
      inserted = DEFAULTS.keys.select { |key| @attributes.key?(key) }
      keys = Family.java_order(inserted + (@attributes.keys - inserted), 1)
      known = keys.select { |key| DEFAULTS.key?(key) || RESERVED.include?(key) }
      parts = ["NAME => '#{Shell.binary(@name)}'"]
      known.each { |key| parts << "#{key} => '#{text(key)}'" }
      metadata = keys - known
      parts << "METADATA => {#{pairs(metadata.map { |key| [key, @attributes[key]] })}}" unless metadata.empty?
      configured = Family.java_order(@configuration.keys, 0)
      parts << "CONFIGURATION => {#{pairs(configured.map { |key| [key, @configuration[key]] })}}" unless configured.empty?
      "{#{parts.join(', ')}}"
    end

    # The order in which a Java HashMap tells its keys, for HBase shows what is in one: by the place that a key's hash has, those
    # of one place as they came. A family is made in a map that grows from 16 places when three quarters are taken, and copied to
    # one with room from the beginning. `first`: what the hash begins with (HBase's Bytes: 1, Java's String: 0).
    def self.java_order(keys, first)
      grown, copied = 16, 1
      grown *= 2 while keys.size * 4 > grown * 3
      copied *= 2 while copied < keys.size * 4 / 3 + 1
      placed(placed(keys, first, grown), first, copied)
    end

    def self.placed(keys, first, places)
      made = Array.new(places) { [] }
      keys.each do |key|
        hash = first
        key.each_byte { |byte| hash = (hash * 31 + (byte < 128 ? byte : byte - 256)) & 0xffffffff }
        made[(hash ^ (hash >> 16)) & (places - 1)] << key
      end
      made.inject([]) { |all, some| all + some }
    end

    def text(key)
      given = @attributes[key]
      case key
      when 'TTL' then Values.ttl_text(given)
      when 'BLOCKSIZE' then Values.size_text(given)
      else Shell.binary(given)
      end
    end

    def pairs(list)
      list.map { |key, value| "'#{Shell.binary(key)}' => '#{Shell.binary(value)}'" }.join(', ')
    end
  end

  class Schema
    # What describe shows beside METADATA.
    RESERVED = %w[DURABILITY ERASURE_CODING_POLICY IS_META MAX_FILESIZE MEMSTORE_FLUSHSIZE PRIORITY READONLY REGION_REPLICATION]
    # What else create and alter take by name.
    OPTIONAL = %w[REGION_MEMSTORE_REPLICATION COMPACTION_ENABLED SPLIT_ENABLED MERGE_ENABLED NORMALIZATION_ENABLED
      NORMALIZER_TARGET_REGION_COUNT NORMALIZER_TARGET_REGION_SIZE_MB SPLIT_POLICY FLUSH_POLICY OWNER]
    SIZES = %w[MAX_FILESIZE MEMSTORE_FLUSHSIZE]

    attr_reader :name, :attributes, :configuration, :families

    def initialize(name, attributes = {}, configuration = {}, families = {})
      @name = name
      @attributes = attributes
      @configuration = configuration
      @families = families
    end

    # From and to the plain arrays of the C side: [name, [[k, v]..], [[k, v]..], [[name, [[k, v]..], [[k, v]..]]..]].
    def self.from_wire(wire)
      families = {}
      wire[3].each { |name, attributes, configuration| families[name] = Family.new(name, hash(attributes), hash(configuration)) }
      new(wire[0], hash(wire[1]), hash(wire[2]), families)
    end

    def self.hash(pairs)
      made = {}
      pairs.each { |key, value| made[key] = value }
      made
    end

    def to_wire
      [@name, @attributes.to_a, @configuration.to_a,
       @families.values.map { |family| [family.name, family.attributes.to_a, family.configuration.to_a] }]
    end

    def apply(options)
      (RESERVED + OPTIONAL).each do |key|
        next unless options.key?(key)
        given = options.delete(key)
        @attributes[key] = SIZES.include?(key) ? Values.size(given) : given.to_s
      end
      (Values.take(options, 'METADATA') || {}).each { |key, value| @attributes[key.to_s] = value.to_s }
      (Values.take(options, 'CONFIGURATION', 'CONFIG') || {}).each do |key, value|
        if value.nil?
          @configuration.delete(key.to_s)
        else
          @configuration[key.to_s] = value.to_s
        end
      end
    end

    # "t1" or "t1, {TABLE_ATTRIBUTES => {...}}".
    def to_s
      keys = @attributes.keys.sort.reject { |key| key == 'IS_META' && @attributes[key].downcase != 'true' }
      known = keys.select { |key| RESERVED.include?(key) || key.start_with?('coprocessor$') }
      parts = known.map do |key|
        "#{key} => '#{SIZES.include?(key) ? Values.size_text(@attributes[key]) : Shell.binary(@attributes[key])}'"
      end
      shown = ((keys - known).map { |key| [key, @attributes[key]] } + @configuration.to_a).sort
      unless shown.empty?
        text = shown.map { |key, value| "'#{Shell.binary(key)}' => '#{Shell.binary(value)}'" }.join(', ')
        parts << "METADATA => {#{text}}"
      end
      parts.empty? ? @name : "#{@name}, {TABLE_ATTRIBUTES => {#{parts.join(', ')}}}"
    end
  end
end
