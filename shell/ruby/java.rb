# What scripts for HBase's shell use of Java: filter objects, comparators and Bytes, by their short names and by whole ones
# (org.apache.hadoop.hbase.filter.KeyOnlyFilter.new). A filter object here is its text in the filter language.
module Shell
  # A filter, or a comparator, as the filter language has it.
  class FilterWord
    attr_reader :filter_text

    # The classes by name; each makes its text from the constructor's arguments.
    def self.declare(*names, &text)
      names.each do |name|
        made = Class.new(self) do
          define_method(:initialize) { |*args| @filter_text = text.call(name, args) }
        end
        Object.const_set(name, made)
        JavaPackage::KNOWN[name.to_s] = made
      end
    end

    def initialize(*)
      raise ArgumentError, "#{self.class} is no class of the filter language"
    end

    def to_s
      filter_text
    end

    def inspect
      to_s
    end
  end

  class Comparator < FilterWord; end

  class Filter < FilterWord
    def self.given(name, args, count)
      return args if args.size == count
      raise ArgumentError, "wrong number of arguments (given #{args.size}, expected #{count}): #{name} of the filter language"
    end

    # "1, 2", of the array that is the only argument.
    def self.list(name, args, &text)
      list = given(name, args, 1)[0]
      raise ArgumentError, "#{name} should be of an array, not #{list.inspect}" unless list.is_a?(Array)
      list.map(&text).join(', ')
    end

    # 'bytes', with each quote doubled.
    def self.quote(bytes)
      text = bytes.to_s
      made = text.split("'", -1).join("''")
      "'#{made}'"
    end

    def self.check(filter)
      raise ArgumentError, "#{filter.inspect} is no filter" unless filter.is_a?(Filter)
      filter
    end

    def self.text_of(filter)
      text = check(filter).filter_text
      raise ArgumentError, "#{filter} has no filter" unless text
      "(#{text})"
    end

    # "=, 'binary:x'"
    def self.comparison(operator, comparator)
      comparator = comparator.filter_text if comparator.is_a?(Comparator)
      "#{JavaEnum.sign(JavaEnum::COMPARE, operator)}, #{quote(comparator)}"
    end
  end

  # Constants of Java's enums, by name, and how the filter language has them.
  module JavaEnum
    COMPARE = { 'LESS' => '<', 'LESS_OR_EQUAL' => '<=', 'EQUAL' => '=', 'NOT_EQUAL' => '!=',
                'GREATER_OR_EQUAL' => '>=', 'GREATER' => '>' }
    LIST = { 'MUST_PASS_ALL' => 'AND', 'MUST_PASS_ONE' => 'OR' }

    def self.make(signs)
      made = Module.new
      signs.each { |name, sign| made.const_set(name, sign) }
      made.define_singleton_method(:valueOf) { |name| signs[name.to_s] || raise(ArgumentError, "No enum constant #{name}") }
      made
    end

    def self.sign(signs, given)
      sign = signs[given.to_s] || given
      raise ArgumentError, "#{given.inspect} is no operator" unless signs.value?(sign)
      sign
    end
  end

  # "org.apache.hadoop.hbase.filter": what follows a dot is another, or a class of KNOWN.
  class JavaPackage
    KNOWN = {}

    # What Kernel has a method of is a name of a class or package all the same: java.lang.String, java.text.format.
    instance_methods.each do |method|
      name = method.to_s
      undef_method(method) unless name.upcase == name.downcase || name.end_with?('?') || name.start_with?('_') || %w[class raise].include?(name)
    end

    def initialize(name)
      @name = name
    end

    def method_missing(name, *args)
      whole = "#{@name}.#{name}"
      first = name.to_s[0]
      return JavaPackage.new(whole) if first == first.downcase && args.empty?
      KNOWN[name.to_s] || raise(Failure, "cannot load Java class #{whole}: this shell has of Java filters, Bytes and dates")
    end

    def respond_to_missing?(_name, _all = false)
      true
    end

    def to_s
      @name
    end

    def inspect
      @name
    end
  end

  one = ->(name, args) { "#{name}(#{Filter.quote(Filter.given(name, args, 1)[0])})" }
  number = ->(name, args) { "#{name}(#{Values.integer(Filter.given(name, args, 1)[0], name)})" }
  compared = ->(name, args) { "#{name}(#{Filter.comparison(*Filter.given(name, args, 2))})" }
  Filter.declare(:KeyOnlyFilter, :FirstKeyOnlyFilter) { |name, args| Filter.given(name, args, 0) && "#{name}()" }
  Filter.declare(:PrefixFilter, :ColumnPrefixFilter, :InclusiveStopFilter) { |name, args| one.call(name, args) }
  Filter.declare(:PageFilter, :ColumnCountGetFilter) { |name, args| number.call(name, args) }
  Filter.declare(:RowFilter, :FamilyFilter, :QualifierFilter, :ValueFilter) { |name, args| compared.call(name, args) }
  Filter.declare(:ColumnPaginationFilter) { |name, args| "#{name}(#{Filter.given(name, args, 2).map { |count| Values.integer(count, name) }.join(', ')})" }
  Filter.declare(:MultipleColumnPrefixFilter) { |name, args| "#{name}(#{Filter.list(name, args) { |prefix| Filter.quote(prefix) }})" }
  Filter.declare(:TimestampsFilter) { |name, args| "#{name}(#{Filter.list(name, args) { |time| Values.integer(time, name) }})" }
  Filter.declare(:ColumnRangeFilter) do |name, args|
    least, has_least, most, has_most = Filter.given(name, args, 4)
    "#{name}(#{Filter.quote(least)}, #{has_least ? true : false}, #{Filter.quote(most)}, #{has_most ? true : false})"
  end
  Filter.declare(:ColumnValueFilter, :SingleColumnValueFilter, :SingleColumnValueExcludeFilter) do |name, args|
    family, qualifier, operator, value = Filter.given(name, args, 4)
    comparator = value.is_a?(Comparator) ? value : "binary:#{value}" # their other constructors take the bytes
    "#{name}(#{Filter.quote(family)}, #{Filter.quote(qualifier)}, #{Filter.comparison(operator, comparator)})"
  end
  Filter.declare(:SkipFilter) { |name, args| "SKIP #{Filter.text_of(Filter.given(name, args, 1)[0])}" }
  Filter.declare(:WhileMatchFilter) { |name, args| "WHILE #{Filter.text_of(Filter.given(name, args, 1)[0])}" }
  { BinaryComparator: 'binary', BinaryPrefixComparator: 'binaryprefix', SubstringComparator: 'substring',
    RegexStringComparator: 'regexstring' }.each do |name, kind|
    Comparator.declare(name) { |_, args| "#{kind}:#{Filter.given(name, args, 1)[0]}" }
  end
end

# Whether rows without the column pass, and whether older versions count, are told after the making.
[SingleColumnValueFilter, SingleColumnValueExcludeFilter].each do |filter|
  filter.class_eval do
    def setFilterIfMissing(is_so)
      @if_missing = is_so
    end

    def setLatestVersionOnly(is_so)
      @latest_only = is_so
    end

    def filter_text
      return @filter_text if @if_missing.nil? && @latest_only.nil?
      "#{@filter_text[0, @filter_text.size - 1]}, #{@if_missing ? true : false}, #{@latest_only == false ? false : true})"
    end
  end
end

# Filters may be added to it until it is used. One of none passes everything.
class FilterList < Shell::Filter
  Operator = Shell::JavaEnum.make(Shell::JavaEnum::LIST)

  def initialize(*args)
    is_told = !args.empty? && !args[0].is_a?(Shell::Filter) && !args[0].is_a?(Array)
    @operator = is_told ? Shell::JavaEnum.sign(Shell::JavaEnum::LIST, args.shift) : 'AND'
    @filters = []
    addFilter(args)
  end

  def addFilter(*filters)
    @filters += filters.flatten.map { |filter| Shell::Filter.check(filter) }
    nil
  end

  def filter_text
    @filters.map { |filter| Shell::Filter.text_of(filter) }.join(" #{@operator} ") unless @filters.empty?
  end

  def to_s
    filter_text || 'FilterList()'
  end
end

CompareOperator = Shell::JavaEnum.make(Shell::JavaEnum::COMPARE)
module CompareFilter
  CompareOp = CompareOperator
end

# org.apache.hadoop.hbase.util.Bytes
module Bytes
  class << self
    # A number is a long, as in the HBase shell.
    def toBytes(value)
      return value.to_s unless value.is_a?(Integer)
      (0..7).map { |place| ((value >> (56 - place * 8)) & 255).chr }.join
    end

    def toBytesBinary(text)
      Shell::Native.unescape(text.to_s)
    end

    def toString(bytes)
      bytes.to_s
    end

    def toStringBinary(bytes)
      Shell::Native.escape(bytes.to_s)
    end

    def toLong(bytes)
      toNumber(bytes, 8)
    end

    def toInt(bytes)
      toNumber(bytes, 4)
    end

    def toShort(bytes)
      toNumber(bytes, 2)
    end

    def toNumber(bytes, size)
      given = bytes.bytes
      raise ArgumentError, "Wrong length: #{given.size}, expected #{size}" unless given.size == size
      given.inject(given[0] < 128 ? 0 : -1) { |number, byte| number * 256 + byte }
    end
  end
end

{ 'Bytes' => Bytes, 'CompareOperator' => CompareOperator, 'CompareFilter' => CompareFilter, 'FilterList' => FilterList }.each do |name, made|
  Shell::JavaPackage::KNOWN[name] = made
end

class String
  def to_java_bytes
    self
  end

  def to_java
    self
  end

  def self.from_java_bytes(bytes)
    bytes.to_s
  end
end

module Kernel
  def org
    Shell::JavaPackage.new('org')
  end

  def java
    Shell::JavaPackage.new('java')
  end

  # A class that is known, by its short name from now on, or the error that says that it is not. Ruby's own keep theirs.
  def java_import(what)
    what = what.split('.').inject(nil) { |package, word| package ? package.__send__(word) : Shell::JavaPackage.new(word) } if what.is_a?(String)
    name = Shell::JavaPackage::KNOWN.key(what)
    Object.const_set(name, what) if name && (name == 'Date' || !Object.const_defined?(name))
    what
  end

  def include_class(what)
    java_import(what)
  end

  def import(what)
    java_import(what)
  end
end
